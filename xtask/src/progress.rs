//! Steps that take long, and what is seen of them meanwhile: in a terminal one line that changes, elsewhere a line from
//! time to time.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// How often the line of a terminal changes.
const GLANCE: Duration = Duration::from_millis(200);

/// How often a line is written where there is no terminal.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

/// Of what a program wrote, for when it fails: compilers say what is wrong at the end.
const KEPT_LINES: usize = 60;

/// Of a terminal whose width is not known.
const WIDTH: usize = 79;

/// A step that is under way.
pub(crate) struct Progress {
    label: &'static str,
    started: Instant,
    written: Instant,
    terminal: bool,
}

/// Does something that may take long, and says what came of it.
pub(crate) fn step(
    label: &'static str,
    work: impl FnOnce(&mut Progress) -> Result<String, String>,
) -> Result<(), String> {
    let terminal = std::io::stdout().is_terminal();
    let mut progress = Progress { label, started: now(), written: now(), terminal };
    progress.show("…");
    let result = work(&mut progress);
    if terminal {
        print!("\r\x1b[2K");
    }
    let time = shown(progress.started.elapsed());
    match result {
        Ok(text) => {
            println!("  {label:<10}{text} ({time})");
            Ok(())
        }
        Err(error) => {
            println!("  {label:<10}failed ({time})");
            Err(error)
        }
    }
}

impl Progress {
    /// Runs a program to its end; its last line is what is seen of it. When it fails, its last lines are the error.
    pub(crate) fn run(&mut self, command: &mut Command) -> Result<(), String> {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let name = words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ");
        let failed = |error: std::io::Error| format!("{name}: {error}");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let (lines, said) = channel();
        listen(child.stdout.take(), lines.clone());
        listen(child.stderr.take(), lines);
        let mut kept = VecDeque::new();
        let mut now_doing = String::new();
        let mut crates = 0;
        loop {
            match said.recv_timeout(GLANCE) {
                Ok(line) => {
                    let text = line.trim();
                    if let Some(name) = text.strip_prefix("Compiling ") {
                        crates += 1;
                        // A path in it is of no use to anybody.
                        let name = name.split(" (").next().unwrap_or_default();
                        now_doing = format!("crate {crates}: {name}");
                    } else if !text.is_empty() {
                        text.clone_into(&mut now_doing);
                    }
                    if kept.len() == KEPT_LINES {
                        kept.pop_front();
                    }
                    kept.push_back(line);
                }
                Err(RecvTimeoutError::Timeout) => self.show(&now_doing),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let status = child.wait().map_err(failed)?;
        if status.success() {
            return Ok(());
        }
        let kept: Vec<String> = kept.into();
        Err(format!("{}\n{name}: {status}", kept.join("\n")))
    }

    fn show(&mut self, what: &str) {
        let time = self.started.elapsed().as_secs();
        if self.terminal {
            let line = format!("  {:<10}{time:>4} s  {what}", self.label);
            let line: String = line.chars().take(WIDTH).collect();
            print!("\r\x1b[2K{line}");
            // That it is not seen is no reason to stop.
            let _ = std::io::stdout().flush();
        } else if self.written.elapsed() >= SIGN_OF_LIFE {
            self.written = now();
            println!("  {:<10}… {time} s: {what}", self.label);
        }
    }
}

/// Sends each line on, until there is no more.
fn listen(from: Option<impl Read + Send + 'static>, to: Sender<String>) {
    let Some(from) = from else { return };
    std::thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            if to.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
                break;
            }
        }
    });
}

#[allow(clippy::disallowed_methods, reason = "a chore tells how long it took")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) fn shown(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress() -> Progress {
        Progress { label: "test", started: now(), written: now(), terminal: false }
    }

    #[test]
    fn a_program_that_fails_says_why_with_its_last_lines() {
        let mut shell = Command::new("sh");
        let text = "for i in $(seq 100); do echo line $i; done; echo reason >&2; exit 3";
        let error = progress().run(shell.args(["-c", text])).unwrap_err();
        assert!(error.contains("reason") && error.contains("line 100") && !error.contains("line 9\n"), "{error}");
        assert!(error.contains("exit status: 3"), "{error}");
        progress().run(Command::new("sh").args(["-c", "echo fine"])).unwrap();
        let error = progress().run(&mut Command::new("no-such-program")).unwrap_err();
        assert!(error.contains("no-such-program"), "{error}");
    }
}
