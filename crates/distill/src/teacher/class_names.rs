//! The names of a checkpoint's classes.

use plm_core::config::ConfigFile;
use serde_json::{Map, Value};

use crate::Result;

/// The names in `id2label` by class; nothing where the settings have none, or only the names that Hugging
/// Face gives to classes without one, `LABEL_0`, `LABEL_1` and so on.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) where `id2label` is no map from 0, 1, 2 and so on.
pub(super) fn class_names(config: &ConfigFile) -> Result<Option<Vec<String>>> {
    let Some(by_id) = config.optional::<Map<String, Value>>("id2label")? else {
        return Ok(None);
    };
    let name = |id: usize| match by_id.get(&id.to_string()) {
        Some(Value::String(name)) => Ok(name.clone()),
        Some(other) => Ok(other.to_string()),
        None => Err(config.error("id2label", format!("has no name for class {id}"))),
    };
    let names: Vec<String> = (0..by_id.len())
        .map(name)
        .collect::<plm_core::Result<_>>()?;
    let mut numbered = names.iter().enumerate();
    let unnamed = numbered.all(|(id, name)| *name == format!("LABEL_{id}"));
    Ok((!unnamed).then_some(names))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(id2label: Value) -> Result<Option<Vec<String>>> {
        let mut config = ConfigFile::from_fields("config.json", Map::new());
        config.set("id2label", id2label);
        class_names(&config)
    }

    #[test]
    fn names_stand_in_the_order_of_the_classes() {
        let found = names(json!({"1": "good", "0": "bad", "2": 3})).unwrap();
        let expected = ["bad", "good", "3"].map(str::to_owned);
        assert_eq!(found.as_deref(), Some(&expected[..]));
        assert_eq!(names(Value::Null).unwrap(), None);
        assert_eq!(
            names(json!({"0": "LABEL_0", "1": "LABEL_1"})).unwrap(),
            None
        );
        // One name of a person's choice: all were chosen.
        assert!(
            names(json!({"0": "LABEL_1", "1": "LABEL_0"}))
                .unwrap()
                .is_some()
        );
        let error = names(json!({"0": "bad", "2": "good"})).unwrap_err();
        assert!(error.to_string().contains("class 1"), "{error}");
        assert!(names(json!(["bad", "good"])).is_err());
    }
}
