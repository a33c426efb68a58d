//! A word to the system's allocator, for programs in which a broker lives.
//!
//! A broker that lets go of a hundred thousand sessions, or of ten thousand users' rules, frees small pieces by the
//! million. The C library of GNU lays freed small pieces aside as they are, and joins all of them in one call once
//! somebody wants a large piece: tens of milliseconds in which no device is served. Told to join each as it is freed, no
//! call takes long, and all of them together take less.

/// Has freed memory joined as it is freed, rather than all of it in one long call now and then.
///
/// To be called once, at the start of a program. Whether there was an allocator that needed to be told: elsewhere than with
/// the C library of GNU nothing is done.
pub fn join_as_freed() -> bool {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: `mallopt` takes two numbers, touches nothing but the allocator's own settings, and takes the
        // allocator's lock to do so.
        #[expect(unsafe_code, reason = "no crate offers this call in a safe form")]
        let taken = unsafe { libc::mallopt(libc::M_MXFAST, 0) };
        taken == 1
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    false
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_allocator_of_the_gnu_c_library_takes_it() {
        assert_eq!(super::join_as_freed(), cfg!(all(target_os = "linux", target_env = "gnu")));
    }
}
