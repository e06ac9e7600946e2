//! The stack machine.

use std::collections::HashMap;

use super::cursor::Cursor;
use super::object::{Fault, Id, Node, Object};

/// Runs the pickle in `bytes`: its objects, and which of them is the result.
pub(super) fn run(bytes: &[u8]) -> Result<(Vec<Node>, Id), Fault> {
    let mut machine = Machine {
        cursor: Cursor::new(bytes),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        nodes: Vec::new(),
    };
    while machine.step()? {}
    let root = machine.pop()?;
    if !machine.stack.is_empty() || !machine.marks.is_empty() {
        return Err(machine.fault("the end, with more than one object left"));
    }
    let left = machine.cursor.left();
    if left > 0 {
        return Err(machine.fault(format!("the end, with {left} bytes left")));
    }
    Ok((machine.nodes, root))
}

/// A pickle that is being run.
pub(super) struct Machine<'a> {
    pub(super) cursor: Cursor<'a>,
    stack: Vec<Id>,
    /// How high the stack was at each mark.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    pub(super) nodes: Vec<Node>,
}

impl Machine<'_> {
    /// Runs one opcode; false for the last.
    fn step(&mut self) -> Result<bool, Fault> {
        match self.cursor.opcode()? {
            // PROTO and FRAME: which opcodes may follow and how many bytes, both checked anyway.
            0x80 => match self.cursor.byte()? {
                2..=4 => {}
                version => return Err(self.fault(format!("protocol {version}, not 2 to 4"))),
            },
            0x95 => {
                self.cursor.take(8)?;
            }
            b'.' => return Ok(false),
            b'N' => self.push(Object::None),
            0x88 => self.push(Object::Bool(true)),
            0x89 => self.push(Object::Bool(false)),
            // BININT, BININT1, BININT2.
            b'J' => {
                let value = i64::from(i32::from_le_bytes(self.cursor.array()?));
                self.push(Object::Int(value));
            }
            b'K' => {
                let value = i64::from(self.cursor.byte()?);
                self.push(Object::Int(value));
            }
            b'M' => {
                let value = i64::from(u16::from_le_bytes(self.cursor.array()?));
                self.push(Object::Int(value));
            }
            // BINSTRING and BINBYTES, SHORT_BINSTRING and SHORT_BINBYTES: one length, one content.
            b'T' | b'B' => {
                let range = self.cursor.long_range()?;
                self.push(Object::Bytes(range));
            }
            b'U' | b'C' => {
                let range = self.cursor.short_range()?;
                self.push(Object::Bytes(range));
            }
            // BINUNICODE, SHORT_BINUNICODE.
            b'X' => {
                let range = self.cursor.long_range()?;
                self.push(Object::Text(range));
            }
            0x8c => {
                let range = self.cursor.short_range()?;
                self.push(Object::Text(range));
            }
            b'c' => self.global()?,
            0x93 => self.stack_global()?,
            // BINPUT, LONG_BINPUT, MEMOIZE, BINGET.
            b'q' => {
                let key = self.cursor.byte()?.into();
                self.put(key)?;
            }
            b'r' => {
                let key = u32::from_le_bytes(self.cursor.array()?);
                self.put(key)?;
            }
            0x94 => self.put(self.memo.len() as u32)?,
            b'h' => {
                let key = self.cursor.byte()?.into();
                self.get(key)?;
            }
            b'j' => {
                let key = u32::from_le_bytes(self.cursor.array()?);
                self.get(key)?;
            }
            // MARK, EMPTY_TUPLE, EMPTY_LIST, EMPTY_DICT, TUPLE, TUPLE1 to TUPLE3.
            b'(' => self.marks.push(self.stack.len()),
            b')' => self.push(Object::Tuple(Vec::new())),
            b']' => self.push(Object::List(Vec::new())),
            b'}' => self.push(Object::Dict(Vec::new())),
            b't' => {
                let items = self.pop_to_mark()?;
                self.push(Object::Tuple(items));
            }
            count @ 0x85..=0x87 => {
                let items = self.pop_many(usize::from(count - 0x84))?;
                self.push(Object::Tuple(items));
            }
            // APPEND, APPENDS, SETITEM, SETITEMS.
            b'a' => {
                let items = self.pop_many(1)?;
                self.append(items)?;
            }
            b'e' => {
                let items = self.pop_to_mark()?;
                self.append(items)?;
            }
            b's' => {
                let items = self.pop_many(2)?;
                self.set_items(&items)?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set_items(&items)?;
            }
            // REDUCE, NEWOBJ, BUILD.
            b'R' | 0x81 => self.call()?,
            b'b' => self.build()?,
            opcode => {
                let reason = format!("opcode 0x{opcode:02x}, which is not read");
                return Err(self.fault(reason));
            }
        }
        Ok(true)
    }

    pub(super) fn fault(&self, reason: impl Into<String>) -> Fault {
        self.cursor.fault(reason)
    }

    pub(super) fn push(&mut self, object: Object) {
        self.stack.push(self.nodes.len());
        self.nodes.push(Node {
            at: self.cursor.place(),
            object,
        });
    }

    /// The last object, which the innermost mark must not lie above.
    pub(super) fn top(&self) -> Result<Id, Fault> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.last() {
            Some(&id) if self.stack.len() > floor => Ok(id),
            _ => Err(self.fault("the stack is empty")),
        }
    }

    pub(super) fn pop(&mut self) -> Result<Id, Fault> {
        let id = self.top()?;
        self.stack.pop();
        Ok(id)
    }

    pub(super) fn pop_many(&mut self, count: usize) -> Result<Vec<Id>, Fault> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() - floor < count {
            return Err(self.fault(format!("fewer than {count} objects on the stack")));
        }
        Ok(self.stack.split_off(self.stack.len() - count))
    }

    pub(super) fn pop_to_mark(&mut self) -> Result<Vec<Id>, Fault> {
        match self.marks.pop() {
            Some(mark) => Ok(self.stack.split_off(mark)),
            None => Err(self.fault("no mark on the stack")),
        }
    }

    fn put(&mut self, key: u32) -> Result<(), Fault> {
        let id = self.top()?;
        self.memo.insert(key, id);
        Ok(())
    }

    fn get(&mut self, key: u32) -> Result<(), Fault> {
        let id = self.memo.get(&key).copied();
        let id = id.ok_or_else(|| self.fault(format!("memo {key} was never set")))?;
        self.stack.push(id);
        Ok(())
    }
}
