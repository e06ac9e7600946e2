//! What a program ends with.

use std::io::ErrorKind;

use crate::Error;

impl Error {
    /// The code that a program of distillation ends with: 3 for a cache that is not the one asked for, 4
    /// where a disk, a quota or the memory is full, 1 for what fails on the way (training that diverges, a
    /// written student that differs from the one in memory, a cache at which another process is at work, a
    /// file that cannot be read or written for another reason than that it is not there), and 2 for bad
    /// input or settings, which is all else.
    ///
    /// ```
    /// use plm_distill::run_file::RunFile;
    ///
    /// let error = RunFile::parse("teachers = 3").unwrap_err();
    /// assert_eq!(error.exit_code(), 2);
    /// ```
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::StaleCache { .. }
            | Self::ForeignCache { .. }
            | Self::DamagedShard { .. }
            | Self::StaleRow { .. }
            | Self::NotCached { .. }
            | Self::Scoring { .. } => 3,
            // Another process is at fault, and may be gone when this one runs again.
            Self::CacheInUse { .. } | Self::CacheChanged { .. } => 1,
            Self::Diverged { .. } | Self::Export { .. } => 1,
            Self::InFile { source, .. } => source.exit_code(),
            Self::Core(plm_core::Error::Io { source, .. }) => match source.kind() {
                ErrorKind::StorageFull
                | ErrorKind::QuotaExceeded
                | ErrorKind::FileTooLarge
                | ErrorKind::OutOfMemory => 4,
                ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory => 2,
                _ => 1,
            },
            _ => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn files_give_the_codes_of_what_is_wrong_in_them() {
        let of = |kind: ErrorKind| Error::io(Path::new("cache"), kind.into()).exit_code();
        assert_eq!(of(ErrorKind::NotFound), 2);
        assert_eq!(of(ErrorKind::StorageFull), 4);
        assert_eq!(of(ErrorKind::PermissionDenied), 1);
        let stale = Error::StaleRow {
            id: 1,
            stored: 2,
            found: 3,
        };
        assert_eq!(stale.exit_code(), 3);
        let in_file = Error::InFile {
            path: "run.toml".into(),
            source: Box::new(stale),
        };
        assert_eq!(in_file.exit_code(), 3);
        let busy = Error::CacheInUse { dir: "t".into() };
        assert_eq!(busy.exit_code(), 1);
        let diverged = Error::Diverged {
            source: plm_core::Error::NotFiniteGradients {
                step: 7,
                first: "classifier.output.weight".to_owned(),
                in_a_row: 1,
                limit: 0,
            },
        };
        assert_eq!(diverged.exit_code(), 1);
        let export = Error::Export {
            path: "student".into(),
            difference: 1.0,
            tolerance: 0.0,
        };
        assert_eq!(export.exit_code(), 1);
        let argument = Error::Core(plm_core::Error::invalid("batch_size", "is 0"));
        assert_eq!(argument.exit_code(), 2);
        let none = Error::NoDropout {
            name: "t".to_owned(),
        };
        assert_eq!(none.exit_code(), 2);
    }
}
