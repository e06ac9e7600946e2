//! What a pickle holds, as this crate's types.

use std::borrow::Cow;
use std::path::Path;

use plm_core::files::npy::{Array, Element};

use super::object::{Fault, Id, Node, Object};
use crate::Result;
use crate::data::sparse::Compressed;

/// The objects of a pickle that was read.
#[derive(Debug)]
pub(crate) struct Pickle<'a> {
    bytes: &'a [u8],
    path: &'a Path,
    nodes: Vec<Node>,
    root: Id,
}

impl<'a> Pickle<'a> {
    pub(super) fn new(bytes: &'a [u8], path: &'a Path, nodes: Vec<Node>, root: Id) -> Self {
        Self {
            bytes,
            path,
            nodes,
            root,
        }
    }

    /// The array that it holds.
    pub(crate) fn array(&self) -> Result<Array<'a>> {
        self.array_at(self.root).map_err(|f| f.in_file(self.path))
    }

    /// The sparse matrix that it holds.
    pub(crate) fn matrix(&self) -> Result<Compressed> {
        self.matrix_at(self.root).map_err(|f| f.in_file(self.path))
    }

    /// The adjacency lists that it holds: each node with its list of neighbors.
    ///
    /// A list may stand for many nodes at no cost in bytes, so the number of edges is limited to the
    /// number of bytes, which no honest file comes near.
    pub(crate) fn lists(&self) -> Result<Vec<(i64, Vec<i64>)>> {
        self.lists_at(self.root).map_err(|f| f.in_file(self.path))
    }

    fn lists_at(&self, id: Id) -> Result<Vec<(i64, Vec<i64>)>, Fault> {
        let Object::Dict(dict) = self.object(id) else {
            return Err(self.wrong(id, "a dictionary of lists"));
        };
        let mut left = self.bytes.len();
        let mut lists = Vec::with_capacity(dict.len());
        for &(key, value) in dict {
            let Object::List(items) = self.object(value) else {
                return Err(self.wrong(value, "a list of neighbors"));
            };
            left = left.checked_sub(items.len()).ok_or_else(|| {
                let limit = self.bytes.len();
                let reason = format!("lists of more than {limit} neighbors, a byte for each");
                Fault::new(self.nodes[value].at, reason)
            })?;
            let items = items.iter().map(|&item| self.int(item));
            lists.push((self.int(key)?, items.collect::<Result<_, _>>()?));
        }
        Ok(lists)
    }

    fn matrix_at(&self, id: Id) -> Result<Compressed, Fault> {
        let Object::Matrix(Some(state)) = *self.object(id) else {
            return Err(self.wrong(id, "a sparse matrix with its state"));
        };
        let Object::Dict(state_items) = self.object(state) else {
            return Err(self.wrong(state, "the state of a sparse matrix"));
        };
        let part = |name: &str| {
            let named = |&&(key, _): &&(Id, Id)| self.text(key).is_ok_and(|text| text == name);
            let found = state_items.iter().rfind(named);
            found.map(|&(_, value)| value).ok_or_else(|| {
                let reason = format!("a sparse matrix without {name:?}");
                Fault::new(self.nodes[state].at, reason)
            })
        };
        let integers = |name: &str| {
            let id = part(name)?;
            let values = self.array_at(id)?.integers();
            values.map_err(|reason| Fault::new(self.nodes[id].at, format!("{name}: {reason}")))
        };
        let data = part("data")?;
        let shape = part("_shape")?;
        let [rows, columns] = self.axes(shape)?[..] else {
            return Err(self.wrong(shape, "rows and columns"));
        };
        let values = self.array_at(data)?.floats();
        let at = |reason| Fault::new(self.nodes[id].at, reason);
        Compressed::new(
            [rows, columns],
            &integers("indptr")?,
            &integers("indices")?,
            values.map_err(|error| at(error.to_string()))?,
        )
        .map_err(at)
    }

    fn array_at(&self, id: Id) -> Result<Array<'a>, Fault> {
        let Object::Array(Some(state)) = *self.object(id) else {
            return Err(self.wrong(id, "an array with its state"));
        };
        let &[_, shape, element, fortran, data] = self.tuple(state)? else {
            return Err(self.wrong(state, "version, shape, type, order and bytes of an array"));
        };
        let element = self.element(element)?;
        let fortran = match *self.object(fortran) {
            Object::Bool(fortran) => fortran,
            Object::Int(fortran) => fortran != 0,
            _ => return Err(self.wrong(fortran, "a truth value")),
        };
        let array = Array::new(element, self.axes(shape)?, fortran, self.content(data)?);
        array.map_err(|error| Fault::new(self.nodes[id].at, error.to_string()))
    }

    fn element(&self, id: Id) -> Result<Element, Fault> {
        let Object::ElementType(code, state) = *self.object(id) else {
            return Err(self.wrong(id, "an element type"));
        };
        let order = match state {
            None => '|',
            Some(state) => {
                let &[_, order, ..] = self.tuple(state)? else {
                    return Err(self.wrong(state, "version and byte order of an element type"));
                };
                self.text(order)?.chars().next().unwrap_or(' ')
            }
        };
        let element = Element::new(order, self.text(code)?);
        element.map_err(|error| Fault::new(self.nodes[id].at, error.to_string()))
    }

    fn object(&self, id: Id) -> &Object {
        &self.nodes[id].object
    }

    fn wrong(&self, id: Id, wanted: &str) -> Fault {
        let Node { at, object } = &self.nodes[id];
        Fault::new(*at, format!("{} where {wanted} must be", object.kind()))
    }

    fn tuple(&self, id: Id) -> Result<&[Id], Fault> {
        match self.object(id) {
            Object::Tuple(items) => Ok(items),
            _ => Err(self.wrong(id, "a tuple")),
        }
    }

    fn int(&self, id: Id) -> Result<i64, Fault> {
        match *self.object(id) {
            Object::Int(value) => Ok(value),
            _ => Err(self.wrong(id, "a number")),
        }
    }

    fn axes(&self, id: Id) -> Result<Vec<usize>, Fault> {
        let axis = |&axis: &Id| {
            let length = self.int(axis)?;
            let reason = format!("an axis of {length}");
            usize::try_from(length).map_err(|_| Fault::new(self.nodes[axis].at, reason))
        };
        self.tuple(id)?.iter().map(axis).collect()
    }

    fn text(&self, id: Id) -> Result<&'a str, Fault> {
        let (Object::Bytes(range) | Object::Text(range)) = self.object(id) else {
            return Err(self.wrong(id, "a string"));
        };
        let text = std::str::from_utf8(&self.bytes[range.clone()]);
        text.map_err(|_| Fault::new(self.nodes[id].at, "a string that is not UTF-8"))
    }

    /// The bytes of a byte string.
    fn content(&self, id: Id) -> Result<Cow<'a, [u8]>, Fault> {
        match self.object(id) {
            Object::Bytes(range) => Ok(Cow::Borrowed(&self.bytes[range.clone()])),
            Object::Encoded(text) => {
                let byte = |c: char| {
                    let reason = format!("{c:?} stands for no byte");
                    u8::try_from(c).map_err(|_| Fault::new(self.nodes[id].at, reason))
                };
                let bytes = self.text(*text)?.chars().map(byte);
                bytes.collect::<Result<_, _>>().map(Cow::Owned)
            }
            _ => Err(self.wrong(id, "a byte string")),
        }
    }
}
