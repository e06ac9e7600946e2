//! The names of Python that a pickle may mention.

/// A class or function that a pickle may call. Calling it makes an object of this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Global {
    /// A matrix in compressed sparse rows.
    Matrix,
    /// Makes an empty array.
    Reconstruct,
    /// The class of arrays.
    Array,
    /// The type of an array's elements.
    ElementType,
    /// A dictionary with a default.
    DefaultDict,
    /// The class of lists, the default of such a dictionary.
    List,
    /// Turns text into bytes: how Python 3 writes bytes in protocol 2.
    Encode,
}

impl Global {
    /// The global called `name` in `module`, in the spellings of older and newer versions.
    pub(super) fn find(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("scipy.sparse.csr" | "scipy.sparse._csr", "csr_matrix") => Self::Matrix,
            ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => {
                Self::Reconstruct
            }
            ("numpy", "ndarray") => Self::Array,
            ("numpy", "dtype") => Self::ElementType,
            ("collections", "defaultdict") => Self::DefaultDict,
            ("__builtin__" | "builtins", "list") => Self::List,
            ("_codecs", "encode") => Self::Encode,
            _ => return None,
        })
    }
}
