//! The repository's files.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The folder of the workspace. cargo says where it is when it runs us, so that a moved checkout still works.
pub(crate) fn root() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&own).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

pub(crate) fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

pub(crate) fn write(path: &Path, text: &str) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
}

/// The files that lie directly in a folder and end in `.extension`, sorted by name; none where there is no folder.
pub(crate) fn list(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, String> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_file() && path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The folders that lie directly in a folder, sorted by name; none where there is no folder.
pub(crate) fn folders(folder: &Path) -> Result<Vec<PathBuf>, String> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A set of files that a task writes, by path below the root.
pub(crate) type Output = BTreeMap<PathBuf, String>;

/// What has to be done so that the disk has `output` and, among `present`, nothing else: (to write, to remove).
pub(crate) fn stale(root: &Path, output: &Output, present: &[PathBuf]) -> Result<(Vec<PathBuf>, Vec<PathBuf>), String> {
    let mut changed = Vec::new();
    for (path, text) in output {
        let full = root.join(path);
        if !full.exists() || read(&full)? != *text {
            changed.push(path.clone());
        }
    }
    let known = |path: &&PathBuf| path.strip_prefix(root).is_ok_and(|path| !output.contains_key(path));
    let gone = present.iter().filter(known).filter_map(|path| path.strip_prefix(root).ok().map(Path::to_path_buf));
    Ok((changed, gone.collect()))
}

/// Makes it so.
pub(crate) fn update(root: &Path, output: &Output, present: &[PathBuf]) -> Result<(usize, usize), String> {
    let (changed, gone) = stale(root, output, present)?;
    for path in &changed {
        write(&root.join(path), &output[path])?;
    }
    for path in &gone {
        fs::remove_file(root.join(path)).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok((changed.len(), gone.len()))
}
