//! Reads structs and enums from TOML and JSON.
//!
//! [`fields!`] and [`names!`] implement `Deserialize` with the messages of serde's derive macro. That macro is
//! not used, because it and clap's, with the crates that they need, were about a quarter of the time to compile
//! the harness, which every first run does.

use std::fmt;

use serde_core::de::{DeserializeSeed, Deserializer, Error, Visitor};

/// Implements `Deserialize` for a struct, and gives it the constant `KEYS`, the names of its fields. `required`
/// fields must be in the file. An `optional` one has its default value if it is missing. `unknown` keys are
/// `Denied` or `Ignored`. A field that is not listed here does not compile.
macro_rules! fields {
    ($type:ident {
        required: [$($required:ident),*],
        optional: [$($optional:ident),* $(,)?],
        unknown: $unknown:ident $(,)?
    }) => {
        impl $type {
            /// The names of all fields.
            pub const KEYS: &[&str] = &[$(stringify!($required),)* $(stringify!($optional),)*];
        }

        impl<'de> serde_core::Deserialize<'de> for $type {
            fn deserialize<D: serde_core::Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                struct Fields;

                impl<'de> serde_core::de::Visitor<'de> for Fields {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("struct ", stringify!($type)))
                    }

                    fn visit_map<A: serde_core::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<$type, A::Error> {
                        #[allow(unused_imports, reason = "only required fields can be missing")]
                        use serde_core::de::Error;
                        use crate::support::fields::{Key, Unknown};

                        $(let mut $required = None;)*
                        $(let mut $optional = None;)*
                        let key = Key { known: $type::KEYS, unknown: Unknown::$unknown };
                        while let Some(found) = map.next_key_seed(key)? {
                            match found {
                                $(Some(stringify!($required)) => $required = Some(map.next_value()?),)*
                                $(Some(stringify!($optional)) => $optional = Some(map.next_value()?),)*
                                _ => drop(map.next_value::<serde_core::de::IgnoredAny>()?),
                            }
                        }
                        Ok($type {
                            $($required: $required.ok_or_else(|| A::Error::missing_field(stringify!($required)))?,)*
                            $($optional: $optional.unwrap_or_default(),)*
                        })
                    }
                }

                deserializer.deserialize_struct(stringify!($type), $type::KEYS, Fields)
            }
        }
    };
}

/// Implements `Deserialize` for an enum whose variants have no fields, with the name of each in the file.
macro_rules! names {
    ($type:ident { $($variant:ident: $name:literal),* $(,)? }) => {
        impl<'de> serde_core::Deserialize<'de> for $type {
            fn deserialize<D: serde_core::Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                const NAMES: &[&str] = &[$($name,)*];

                struct Names;

                impl<'de> serde_core::de::Visitor<'de> for Names {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("enum ", stringify!($type)))
                    }

                    fn visit_enum<A: serde_core::de::EnumAccess<'de>>(
                        self,
                        data: A,
                    ) -> Result<$type, A::Error> {
                        let (found, rest) = data.variant_seed(crate::support::fields::Name(NAMES))?;
                        serde_core::de::VariantAccess::unit_variant(rest)?;
                        Ok(match found {
                            $($name => $type::$variant,)*
                            _ => unreachable!("only these names are accepted"),
                        })
                    }
                }

                deserializer.deserialize_enum(stringify!($type), NAMES, Names)
            }
        }
    };
}

pub(crate) use {fields, names};

/// What happens to a key that is no field.
#[derive(Clone, Copy)]
pub enum Unknown {
    Denied,
    Ignored,
}

/// Reads a key of a struct: one of those that are known, or `None` for one that is ignored. The error about an
/// unknown key has to come from here, as only then it points at the key.
#[derive(Clone, Copy)]
pub struct Key {
    pub known: &'static [&'static str],
    pub unknown: Unknown,
}

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("field identifier")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        match (self.known.iter().find(|known| **known == key), self.unknown) {
            (None, Unknown::Denied) => Err(E::unknown_field(key, self.known)),
            (known, _) => Ok(known.copied()),
        }
    }
}

/// Reads the name of a variant, which must be one of these.
pub struct Name(pub &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name {
    type Value = &'static str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("variant identifier")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        self.0.iter().find(|known| **known == name).copied().ok_or_else(|| E::unknown_variant(name, self.0))
    }
}

#[cfg(test)]
mod tests {
    #[derive(Debug, PartialEq)]
    struct Cat {
        name: String,
        mood: Option<Mood>,
        lives: u8,
    }
    super::fields!(Cat { required: [name], optional: [mood, lives], unknown: Denied });

    #[derive(Debug, PartialEq)]
    struct Loose {
        name: Option<String>,
    }
    super::fields!(Loose { required: [], optional: [name], unknown: Ignored });

    #[derive(Debug, PartialEq)]
    enum Mood {
        Content,
        Hungry,
    }
    super::names!(Mood { Content: "content", Hungry: "hungry" });

    #[test]
    fn fields_are_read() {
        assert_eq!(Cat::KEYS, ["name", "mood", "lives"]);
        let cat = |mood, lives| Ok(Cat { name: "Tom".into(), mood, lives });
        assert_eq!(toml::from_str("name = 'Tom'"), cat(None, 0));
        assert_eq!(toml::from_str("lives = 9\nname = 'Tom'\nmood = 'hungry'"), cat(Some(Mood::Hungry), 9));
        assert_eq!(toml::from_str("colour = 'red'\n[other]"), Ok(Loose { name: None }));
        let loose = serde_json::from_str(r#"{"other":[{"name":1}],"name":"Tom"}"#);
        assert_eq!(loose.ok(), Some(Loose { name: Some("Tom".into()) }));
    }

    #[test]
    fn errors_point_at_their_places() {
        for (text, message, place) in [
            ("lives = 9", "missing field `name`", ""),
            (
                "name = 'Tom'\ncolour = 1",
                "unknown field `colour`, expected one of `name`, `mood`, `lives`",
                "colour",
            ),
            ("name = 1", "invalid type: integer `1`, expected a string", "1"),
            (
                "mood = 'content'\nname = 'Tom'\nlives = 300",
                "invalid value: integer `300`, expected u8",
                "300",
            ),
            ("name = 'Tom'\nmood = 'bad'", "unknown variant `bad`, expected `content` or `hungry`", "'bad'"),
        ] {
            let error = toml::from_str::<Cat>(text).unwrap_err();
            assert_eq!(error.message(), message, "{text}");
            assert_eq!(error.span().map_or("", |span| &text[span]), place, "{text}");
        }
        let error = serde_json::from_str::<Cat>("[1]").unwrap_err().to_string();
        assert!(error.starts_with("invalid type: sequence, expected struct Cat"), "{error}");
    }
}
