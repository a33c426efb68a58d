//! The power goes at every step that the disk is asked for.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::world::World;

/// Dialogues of an ordinary run, and how many of their steps are passed over.
const DIALOGUES: u64 = 3;
const STRIDE: u64 = 5;

#[test]
fn nothing_acknowledged_is_lost_and_nothing_comes_twice_at_qos_2_wherever_the_power_goes() {
    let asked: Option<u64> = std::env::var("LACEWING_CRASHES").ok().map(|count| count.parse().unwrap());
    let (dialogues, stride) = asked.map_or((DIALOGUES, STRIDE), |dialogues| (dialogues, 1));
    let next = AtomicU64::new(0);
    let findings = Mutex::new(Vec::new());
    let (runs, crashes) = (AtomicU64::new(0), AtomicU64::new(0));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= dialogues {
                return;
            }
            let mut calm = World::new(seed, 0);
            let found = calm.run();
            assert!(found.is_empty(), "seed {seed} without a crash: {found:#?}");
            let steps = calm.disk.steps();
            for step in (1 + seed % stride..=steps).step_by(stride as usize) {
                let mut world = World::new(seed, seed << 32 | step);
                world.disk.crash_after(step);
                let found = world.run();
                runs.fetch_add(1, Ordering::Relaxed);
                crashes.fetch_add(u64::from(world.crashes), Ordering::Relaxed);
                findings
                    .lock()
                    .unwrap()
                    .extend(found.into_iter().map(|finding| format!("{seed}/{step}: {finding}")));
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, |cores| cores.get());
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let (runs, crashes) = (runs.into_inner(), crashes.into_inner());
    eprintln!("{dialogues} dialogues, {runs} runs, {crashes} crashes");
    assert!(crashes >= runs && runs > 0);
    let findings = findings.into_inner().unwrap();
    assert!(findings.is_empty(), "{findings:#?}");
}
