//! The keys of a table of a TOML file, which are the fields of its type.

use serde::de::value::Error;
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;

/// Returns the names of the fields of `T` if it is a struct that derives `Deserialize`, and no names for any
/// other type.
pub fn keys_of<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    let mut keys: &'static [&'static str] = &[];
    // The derived code passes the names of its fields to `deserialize_struct`, which then returns an error.
    let _ = T::deserialize(Listener(&mut keys));
    keys
}

/// A deserializer that stores the names of the fields that it is asked for, and always fails.
struct Listener<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Listener<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("only the names of the fields are read"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_struct() {
        #[derive(serde::Deserialize)]
        #[allow(dead_code, reason = "only the names of its fields are read")]
        struct Cat {
            name: String,
            #[serde(rename = "type")]
            kind: Option<u8>,
        }
        assert_eq!(keys_of::<Cat>(), ["name", "type"]);
        assert_eq!(keys_of::<u8>(), [""; 0]);
    }
}
