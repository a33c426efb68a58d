//! A word to the system's allocator, for programs in which a broker lives.
//!
//! Two habits of the C library of GNU do not suit a broker.
//! - Freed small pieces are laid aside as they are, and all of them joined in one call once somebody wants a large piece. A
//!   broker that lets go of a hundred thousand sessions, or of ten thousand users' rules, leaves a million of them: tens of
//!   milliseconds in which no device is served.
//! - Once a large piece has been freed, pieces of its size come from where the small ones are. A list of connections that
//!   grows leaves its former self behind there, half as large again.

/// From this size on a piece is the system's own pages, 128 KiB: it grows without being copied, and goes back when freed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: i32 = 128 << 10;

/// Has freed memory joined as it is freed, and large pieces always kept apart from small ones.
///
/// To be called once, at the start of a program. Whether there was an allocator that needed to be told and took it: elsewhere
/// than with the C library of GNU nothing is done.
pub fn prepare() -> bool {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        set(libc::M_MXFAST, 0) && set(libc::M_MMAP_THRESHOLD, LARGE)
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    false
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "no crate offers this call in a safe form")]
fn set(what: libc::c_int, value: libc::c_int) -> bool {
    // SAFETY: `mallopt` takes two numbers, touches nothing but the allocator's own settings, and takes the allocator's lock
    // to do so.
    unsafe { libc::mallopt(what, value) == 1 }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_allocator_of_the_gnu_c_library_takes_it() {
        assert_eq!(super::prepare(), cfg!(all(target_os = "linux", target_env = "gnu")));
    }
}
