//! What callgrind writes, as far as it is looked at: lines of costs below `ob=` (the file the code is in) and `fn=`, and after each
//! `calls=` one line of what the callee cost, which is counted where it is the callee's own.

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Instructions of one program's own code.
    pub(crate) instructions: u64,
    /// Calls of what gives memory.
    pub(crate) allocations: u64,
}

/// What gives memory.
const ALLOCATORS: [&str; 5] = ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc"];

impl Counted {
    /// Adds up what `text` says of the program in file `of`.
    pub(crate) fn read(text: &str, of: &str) -> Self {
        let mut counted = Self::default();
        let (mut own, mut callee, mut is_call) = (false, "", false);
        for line in text.lines() {
            if let Some(file) = line.strip_prefix("ob=") {
                own = file == of;
            } else if let Some(function) = line.strip_prefix("cfn=") {
                callee = function;
            } else if let Some(calls) = line.strip_prefix("calls=") {
                let count = calls.split(' ').next().and_then(|count| count.parse::<u64>().ok());
                if own && ALLOCATORS.contains(&callee) {
                    counted.allocations += count.unwrap_or_default();
                }
                is_call = true;
            } else if line.starts_with(|first: char| first.is_ascii_digit()) {
                let cost = line.split(' ').nth(1).and_then(|cost| cost.parse::<u64>().ok());
                if own && !is_call {
                    counted.instructions += cost.unwrap_or_default();
                }
                is_call = false;
            }
        }
        counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_programs_own_code_is_counted_and_each_instruction_once() {
        let text = "events: Ir\n\nob=/lib/libc.so\nfl=???\nfn=malloc\n0 900\n\nob=/core\nfl=???\nfn=routed\n0 40\n\
                    cob=/lib/libc.so\ncfi=???\ncfn=malloc\ncalls=3 0 \n0 900\n0 2\ncfn=matched\ncalls=1 0 \n0 70\n\n\
                    fn=matched\n0 70\n\ntotals: 1012\n";
        assert_eq!(Counted::read(text, "/core"), Counted { instructions: 112, allocations: 3 });
    }
}
