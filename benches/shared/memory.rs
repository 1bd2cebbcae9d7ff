//! The memory of this process, for the benches that watch it.

/// What is resident now, and the most that was, in KB; zeros where the system does not say.
pub(crate) fn resident() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').split_whitespace().next()?.parse().ok()
    };
    (value("VmRSS").unwrap_or(0), value("VmHWM").unwrap_or(0))
}
