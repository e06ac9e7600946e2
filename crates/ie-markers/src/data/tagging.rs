//! How one tag per word marks entities.

use serde::{Deserialize, Serialize};

use plm_core::data::{TagReading, TagScheme, TagSpan, spans_to_tags, tags_to_spans};

use super::{Entity, WordSpan};
use crate::{Error, Result};

/// A scheme of tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tagging {
    /// `I-` inside; `B-` only where an entity follows another of its type.
    Iob1,
    /// `B-` at the first word, `I-` at the others. Also called BIO.
    #[default]
    Iob2,
    /// `S-` at lone words; else `B-` first, `E-` last, `I-` between. Also called IOBES.
    Bioes,
    /// `U-` at lone words; else `B-` first, `L-` last, `I-` between.
    Bilou,
    /// The bare type inside, as in Few-NERD. Neighbors of one type are one entity, and no type is called
    /// `O`.
    Io,
}

/// The entities that some tags mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TaggedEntities {
    /// The entities in order.
    pub(super) entities: Vec<Entity>,
    /// Whether the tags follow their scheme.
    pub(super) on_scheme: bool,
}

/// The tag with the first of `prefixes` that it has replaced by its partner.
fn rename(tag: &str, prefixes: &[(&str, &str)]) -> String {
    let renamed = prefixes.iter().find_map(|(from, to)| {
        let label = tag.strip_prefix(from)?;
        Some(format!("{to}{label}"))
    });
    renamed.unwrap_or_else(|| tag.to_owned())
}

impl Tagging {
    fn scheme(self) -> TagScheme {
        match self {
            Self::Iob1 | Self::Io => TagScheme::Iob1,
            Self::Iob2 => TagScheme::Iob2,
            Self::Bioes | Self::Bilou => TagScheme::Bioes,
        }
    }

    /// The entities that `tags` mark, by conlleval's rules where the tags do not follow the scheme.
    ///
    /// # Errors
    /// [`plm_core::Error::Invalid`] for what is no tag.
    pub(super) fn read(self, tags: &[String]) -> Result<TaggedEntities> {
        let renamed: Vec<String> = match self {
            Self::Bilou => {
                let names = [("L-", "E-"), ("U-", "S-")];
                tags.iter().map(|tag| rename(tag, &names)).collect()
            }
            Self::Io => {
                let inside = |tag: &String| match tag.as_str() {
                    "O" => tag.clone(),
                    label => format!("I-{label}"),
                };
                tags.iter().map(inside).collect()
            }
            _ => tags.to_vec(),
        };
        let spans = tags_to_spans(&renamed, self.scheme(), TagReading::Lenient)?;
        let strict = tags_to_spans(&renamed, self.scheme(), TagReading::Strict);
        let on_scheme = strict.is_ok_and(|strict| strict == spans);
        let entities = spans.into_iter().map(|span| Entity {
            span: WordSpan::new(span.start, span.end - 1),
            label: span.label,
        });
        Ok(TaggedEntities {
            entities: entities.collect(),
            on_scheme,
        })
    }

    /// The tags of `words` words that mark `entities`.
    ///
    /// # Errors
    /// [`plm_core::Error::Invalid`] where an entity has no type, reaches beyond the words or overlaps
    /// another; [`Error::Label`] for a type `O` without prefix.
    pub(super) fn write(self, words: usize, entities: &[&Entity]) -> Result<Vec<String>> {
        let span = |entity: &&Entity| {
            let WordSpan { start, end } = entity.span;
            TagSpan::new(start, end.saturating_add(1), entity.label.as_str())
        };
        if self == Self::Io && entities.iter().any(|entity| entity.label == "O") {
            return Err(Error::Label {
                label: "O".to_owned(),
                reason: "is the tag of words outside of entities where tags have no prefix; take another \
                         scheme or rename the type"
                    .to_owned(),
            });
        }
        let spans: Vec<TagSpan> = entities.iter().map(span).collect();
        let tags = spans_to_tags(words, &spans, self.scheme())?;
        Ok(match self {
            Self::Bilou => {
                let names = [("E-", "L-"), ("S-", "U-")];
                tags.iter().map(|tag| rename(tag, &names)).collect()
            }
            Self::Io => {
                let names = [("I-", ""), ("B-", "")];
                tags.iter().map(|tag| rename(tag, &names)).collect()
            }
            _ => tags,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Tagging; 5] = [
        Tagging::Iob1,
        Tagging::Iob2,
        Tagging::Bioes,
        Tagging::Bilou,
        Tagging::Io,
    ];

    fn entity(start: usize, end: usize, label: &str) -> Entity {
        Entity {
            span: WordSpan::new(start, end),
            label: label.to_owned(),
        }
    }

    fn tags(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn stray_tags_open_entities() {
        let read = Tagging::Iob2
            .read(&tags("B-PER I-PER I-LOC O I-ORG"))
            .unwrap();
        let expected = [
            entity(0, 1, "PER"),
            entity(2, 2, "LOC"),
            entity(4, 4, "ORG"),
        ];
        assert_eq!(read.entities, expected);
        assert!(!read.on_scheme);
        assert!(
            Tagging::Iob1
                .read(&tags("I-PER I-PER I-LOC O I-ORG"))
                .unwrap()
                .on_scheme
        );
    }

    #[test]
    fn each_scheme_has_its_prefixes() {
        let entities = [
            entity(0, 0, "A-x/y"),
            entity(1, 3, "A-x/y"),
            entity(5, 6, "B"),
        ];
        let entities: Vec<&Entity> = entities.iter().collect();
        let written = |tagging: Tagging| tagging.write(7, &entities).unwrap().join(" ");
        assert_eq!(
            written(Tagging::Iob1),
            "I-A-x/y B-A-x/y I-A-x/y I-A-x/y O I-B I-B"
        );
        assert_eq!(
            written(Tagging::Iob2),
            "B-A-x/y B-A-x/y I-A-x/y I-A-x/y O B-B I-B"
        );
        assert_eq!(
            written(Tagging::Bioes),
            "S-A-x/y B-A-x/y I-A-x/y E-A-x/y O B-B E-B"
        );
        assert_eq!(
            written(Tagging::Bilou),
            "U-A-x/y B-A-x/y I-A-x/y L-A-x/y O B-B L-B"
        );
        assert_eq!(written(Tagging::Io), "A-x/y A-x/y A-x/y A-x/y O B B");
    }

    #[test]
    fn bare_types_merge_and_are_no_prefixes() {
        let read = Tagging::Io
            .read(&tags("art-music art-music B-x O art-music"))
            .unwrap();
        let expected = [
            entity(0, 1, "art-music"),
            entity(2, 2, "B-x"),
            entity(4, 4, "art-music"),
        ];
        assert_eq!(read.entities, expected);
        assert!(read.on_scheme);
        assert!(Tagging::Iob2.read(&tags("art-music")).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            lengths in prop::collection::vec((0..3_usize, 1..4_usize, "[ABO]"), 0..6),
        ) {
            let mut entities: Vec<Entity> = Vec::new();
            let mut at = 0;
            for (gap, width, label) in lengths {
                let start = at + gap;
                at = start + width;
                entities.push(entity(start, at - 1, &label));
            }
            for tagging in ALL {
                let written = tagging.write(at, &entities.iter().collect::<Vec<_>>());
                if tagging == Tagging::Io && entities.iter().any(|one| one.label == "O") {
                    let refused = matches!(written, Err(Error::Label { .. }));
                    prop_assert!(refused);
                    continue;
                }
                let tags = written.unwrap();
                let read = tagging.read(&tags).unwrap();
                prop_assert!(read.on_scheme, "{tagging:?} {tags:?}");
                if tagging == Tagging::Io {
                    let inside = |e: &[Entity]| e.iter().map(|e| e.span.width()).sum::<usize>();
                    prop_assert_eq!(inside(&read.entities), inside(&entities));
                } else {
                    prop_assert_eq!(&read.entities, &entities, "{:?}", tagging);
                }
            }
        }
    }
}
