//! What opcodes do with the objects on the stack.

use std::ops::Range;

use super::global::Global;
use super::machine::Machine;
use super::object::{Fault, Id, Object};

impl Machine<'_> {
    /// GLOBAL: two lines with a module and a name.
    pub(super) fn global(&mut self) -> Result<(), Fault> {
        let module = self.cursor.line()?;
        let name = self.cursor.line()?;
        self.push_global(module, name)
    }

    /// STACK_GLOBAL: module and name are strings on the stack.
    pub(super) fn stack_global(&mut self) -> Result<(), Fault> {
        let ids = self.pop_many(2)?;
        let (Object::Text(module), Object::Text(name)) =
            (&self.nodes[ids[0]].object, &self.nodes[ids[1]].object)
        else {
            return Err(self.fault("a global whose name is no string"));
        };
        let (module, name) = (module.clone(), name.clone());
        self.push_global(module, name)
    }

    fn push_global(&mut self, module: Range<usize>, name: Range<usize>) -> Result<(), Fault> {
        let [module, name] = [module, name].map(|range| self.cursor.name(range));
        let global = Global::find(&module, &name)
            .ok_or_else(|| self.fault(format!("global {module:?} {name:?}, which is not read")))?;
        self.push(Object::Global(global));
        Ok(())
    }

    /// APPEND and APPENDS: puts `items` at the end of a list.
    pub(super) fn append(&mut self, mut items: Vec<Id>) -> Result<(), Fault> {
        let id = self.top()?;
        match &mut self.nodes[id].object {
            Object::List(list) => {
                list.append(&mut items);
                Ok(())
            }
            other => {
                let kind = other.kind();
                Err(self.fault(format!("appends to {kind}")))
            }
        }
    }

    /// SETITEM and SETITEMS: keys and values by turns.
    pub(super) fn set_items(&mut self, items: &[Id]) -> Result<(), Fault> {
        if !items.len().is_multiple_of(2) {
            return Err(self.fault("a key without its value"));
        }
        let id = self.top()?;
        match &mut self.nodes[id].object {
            Object::Dict(dict) => {
                dict.extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1])));
                Ok(())
            }
            other => {
                let kind = other.kind();
                Err(self.fault(format!("sets items of {kind}")))
            }
        }
    }

    /// REDUCE and NEWOBJ: what a global makes of its arguments.
    pub(super) fn call(&mut self) -> Result<(), Fault> {
        let ids = self.pop_many(2)?;
        let (Object::Global(global), Object::Tuple(arguments)) =
            (&self.nodes[ids[0]].object, &self.nodes[ids[1]].object)
        else {
            let kind = self.nodes[ids[0]].object.kind();
            return Err(self.fault(format!("calls {kind}")));
        };
        let is = |id: Id, global| matches!(self.nodes[id].object, Object::Global(g) if g == global);
        let object = match (global, arguments.as_slice()) {
            (Global::Matrix, []) => Object::Matrix(None),
            (Global::Reconstruct, &[class, _, _]) if is(class, Global::Array) => {
                Object::Array(None)
            }
            (Global::ElementType, &[code, _, _]) => Object::ElementType(code, None),
            (Global::DefaultDict, &[default]) if is(default, Global::List) => {
                Object::Dict(Vec::new())
            }
            (Global::Encode, &[text, _]) => Object::Encoded(text),
            (global, arguments) => {
                let reason = format!("calls {global:?} with {} arguments", arguments.len());
                return Err(self.fault(reason));
            }
        };
        self.push(object);
        Ok(())
    }

    /// BUILD: sets an object's state, which is looked at when the object is.
    pub(super) fn build(&mut self) -> Result<(), Fault> {
        let new = self.pop()?;
        let id = self.top()?;
        match &mut self.nodes[id].object {
            Object::ElementType(_, state) | Object::Array(state) | Object::Matrix(state) => {
                *state = Some(new);
                Ok(())
            }
            other => {
                let kind = other.kind();
                Err(self.fault(format!("sets the state of {kind}")))
            }
        }
    }
}
