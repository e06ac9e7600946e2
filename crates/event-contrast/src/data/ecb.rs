//! ECB+ (Cybulska and Vossen 2014): events and their coreference across documents.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::Path;

use roxmltree::{Document, Node, ParsingOptions};

use super::document::{
    Entity, EntityMention, Event, EventDocument, EventSentence, TokenSpan, TriggerMention,
};
use super::report::{Loss, ReadReport};
use crate::{Error, Result};

/// Reads a document of at most `limit` bytes in the XML of ECB+, which errors call `origin`.
///
/// Markables on tokens are mentions: `ACTION_…` and `NEG_ACTION_…` of events, whose type is the
/// markable's, all others of entities. The mentions of a `CROSS_DOC_COREF` chain are one event or
/// entity, named by the chain's instance (`note`), which other documents share; those of an
/// `INTRA_DOC_COREF` chain are one, named by its `r_id`; a mention in no chain is one by itself,
/// named by its `m_id`. Document type declarations are refused.
///
/// # Errors
/// [`plm_core::Error::Line`] where the XML is broken, an attribute is missing or no number, or a
/// token id is given twice, [`plm_core::Error::Format`] where it is not UTF-8 or too long,
/// [`plm_core::Error::Io`] where reading fails.
pub fn read_ecb(
    reader: impl Read,
    origin: impl AsRef<Path>,
    limit: usize,
) -> Result<(EventDocument, ReadReport)> {
    let origin = origin.as_ref();
    let mut bytes = Vec::new();
    reader
        .take((limit as u64).saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| Error::io(origin, error))?;
    if bytes.len() > limit {
        return Err(Error::format(origin, format!("longer than {limit} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Error::format(origin, format!("not UTF-8 at byte {at}"))
    })?;
    let options = ParsingOptions {
        allow_dtd: false,
        // A node takes more memory than the characters that make it, but only so much.
        nodes_limit: u32::try_from(text.len() / 3 + 16).unwrap_or(u32::MAX),
        ..ParsingOptions::default()
    };
    let xml = Document::parse_with_options(&text, options)
        .map_err(|error| Error::line(origin, error.pos().row as usize, error.to_string()))?;
    let mut reading = Reading {
        xml: &xml,
        origin,
        document: EventDocument::default(),
        report: ReadReport::default(),
    };
    reading.read()?;
    let (document, mut report) = (reading.document, reading.report);
    report.count(&document);
    Ok((document, report))
}

/// A mention's name, type and tokens.
type Member<'a> = (usize, &'a str, TokenSpan);

struct Mention<'a> {
    label: &'a str,
    span: TokenSpan,
    taken: bool,
}

struct Reading<'a, 'b> {
    xml: &'a Document<'b>,
    origin: &'a Path,
    document: EventDocument,
    report: ReadReport,
}

impl<'a> Reading<'a, '_> {
    fn read(&mut self) -> Result<()> {
        let root = self.xml.root_element();
        let name = root.attribute("doc_name").unwrap_or_default();
        self.document.id = name.strip_suffix(".xml").unwrap_or(name).to_owned();
        let tokens = self.read_tokens(root)?;
        let mut mentions = BTreeMap::new();
        for markable in children(root, "Markables") {
            let id = self.number(markable, "m_id")?;
            if let Some(mention) = self.read_mention(markable, &tokens)?
                && mentions.insert(id, mention).is_some()
            {
                return Err(self.error(markable, format!("m_id {id} was given before")));
            }
        }
        for chain in children(root, "Relations") {
            let name = chain
                .attribute("note")
                .filter(|_| chain.has_tag_name("CROSS_DOC_COREF"))
                .or_else(|| chain.attribute("r_id"))
                .unwrap_or_default();
            let mut members = Vec::new();
            for source in elements(chain).filter(|node| node.has_tag_name("source")) {
                let id = self.number(source, "m_id")?;
                match mentions.get_mut(&id) {
                    Some(mention) if !mention.taken => {
                        mention.taken = true;
                        members.push((id, mention.label, mention.span));
                    }
                    _ => self.lose(Loss::UnknownReference, &format!("m_id {id} of {name}")),
                }
            }
            self.add(name, &members);
        }
        for (&id, mention) in mentions.iter().filter(|(_, mention)| !mention.taken) {
            self.add(&id.to_string(), &[(id, mention.label, mention.span)]);
        }
        Ok(())
    }

    /// The sentence and place of each token id.
    fn read_tokens(&mut self, root: Node<'a, '_>) -> Result<HashMap<usize, (usize, usize)>> {
        let mut places = HashMap::new();
        let mut last = None;
        for token in elements(root).filter(|node| node.has_tag_name("token")) {
            let id = self.number(token, "t_id")?;
            let sentence = Some(self.number(token, "sentence")?);
            if last != sentence {
                self.document.sentences.push(EventSentence::default());
                last = sentence;
            }
            let number = self.document.sentences.len() - 1;
            let tokens = &mut self.document.sentences[number].tokens;
            let place = (number, tokens.len());
            tokens.push(token.text().unwrap_or_default().to_owned());
            if places.insert(id, place).is_some() {
                return Err(self.error(token, format!("t_id {id} was given before")));
            }
        }
        Ok(places)
    }

    /// A markable with tokens; markables without are the instances that chains name.
    fn read_mention(
        &mut self,
        markable: Node<'a, '_>,
        tokens: &HashMap<usize, (usize, usize)>,
    ) -> Result<Option<Mention<'a>>> {
        let mut found: Vec<(usize, usize)> = Vec::new();
        for anchor in elements(markable).filter(|node| node.has_tag_name("token_anchor")) {
            let id = self.number(anchor, "t_id")?;
            let place = tokens
                .get(&id)
                .ok_or_else(|| self.error(anchor, format!("t_id {id} is no token")))?;
            found.push(*place);
        }
        found.sort_unstable();
        found.dedup();
        let (Some(&(sentence, start)), Some(&(last, end))) = (found.first(), found.last()) else {
            return Ok(None);
        };
        let item = markable.attribute("m_id").unwrap_or_default();
        if sentence != last {
            self.lose(Loss::CrossSentenceSpan, item);
            return Ok(None);
        }
        if end + 1 - start != found.len() {
            self.lose(Loss::DiscontinuousSpan, item);
        }
        Ok(Some(Mention {
            label: markable.tag_name().name(),
            span: TokenSpan::new(sentence, start, end + 1),
            taken: false,
        }))
    }

    /// Adds what `members` mention.
    fn add(&mut self, name: &str, members: &[Member<'_>]) {
        let is_action = |label: &str| {
            let label = label.strip_prefix("NEG_").unwrap_or(label);
            label.starts_with("ACTION_")
        };
        let (actions, others): (Vec<&Member<'_>>, Vec<&Member<'_>>) =
            members.iter().partition(|member| is_action(member.1));
        if !actions.is_empty() && !others.is_empty() {
            self.lose(Loss::MixedChain, name);
        }
        if let Some(first) = actions.first() {
            self.document.events.push(Event {
                id: name.to_owned(),
                event_type: first.1.to_owned(),
                mentions: actions
                    .iter()
                    .map(|&&(id, _, span)| TriggerMention {
                        id: id.to_string(),
                        span,
                    })
                    .collect(),
                ..Event::default()
            });
        }
        if let Some(first) = others.first() {
            self.document.entities.push(Entity {
                id: name.to_owned(),
                entity_type: Some(first.1.to_owned()),
                mentions: others
                    .iter()
                    .map(|&&(id, _, span)| EntityMention {
                        id: id.to_string(),
                        span,
                    })
                    .collect(),
            });
        }
    }

    fn lose(&mut self, loss: Loss, item: &str) {
        self.report.lose(loss, &self.document.id, item);
    }

    /// The number in attribute `name` of `node`.
    fn number(&self, node: Node<'_, '_>, name: &str) -> Result<usize> {
        let value = node.attribute(name);
        value.and_then(|text| text.parse().ok()).ok_or_else(|| {
            let tag = node.tag_name().name();
            let value = value.unwrap_or_default();
            self.error(node, format!("{name}=\"{value}\" of <{tag}> is no number"))
        })
    }

    fn error(&self, node: Node<'_, '_>, reason: String) -> Error {
        let line = self.xml.text_pos_at(node.range().start).row;
        Error::line(self.origin, line as usize, reason)
    }
}

fn elements<'a, 'b>(node: Node<'a, 'b>) -> impl Iterator<Item = Node<'a, 'b>> {
    node.children().filter(Node::is_element)
}

/// The elements within those called `name` in `root`.
fn children<'a, 'b>(root: Node<'a, 'b>, name: &'static str) -> impl Iterator<Item = Node<'a, 'b>> {
    elements(root)
        .filter(move |node| node.has_tag_name(name))
        .flat_map(elements)
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Document doc_name="1_10ecb.xml" doc_id="D">
<token t_id="1" sentence="0" number="0">Reid</token>
<token t_id="2" sentence="0" number="1">checked</token>
<token t_id="3" sentence="0" number="2">herself</token>
<token t_id="4" sentence="0" number="3">into</token>
<token t_id="5" sentence="2" number="0">AT&amp;T</token>
<token t_id="6" sentence="2" number="1">left</token>
<Markables>
<ACTION_OCCURRENCE m_id="1"><token_anchor t_id="2"/><token_anchor t_id="4"/></ACTION_OCCURRENCE>
<NEG_ACTION_OCCURRENCE m_id="2"><token_anchor t_id="6"/></NEG_ACTION_OCCURRENCE>
<HUMAN_PART_PER m_id="3"><token_anchor t_id="1"/></HUMAN_PART_PER>
<HUMAN_PART_PER m_id="4"><token_anchor t_id="3"/></HUMAN_PART_PER>
<TIME_DATE m_id="5"><token_anchor t_id="4"/><token_anchor t_id="5"/></TIME_DATE>
<NON_HUMAN_PART m_id="6"><token_anchor t_id="5"/></NON_HUMAN_PART>
<ACTION_OCCURRENCE m_id="9" TAG_DESCRIPTOR="checks_in" instance_id="ACT1"/>
</Markables>
<Relations>
<CROSS_DOC_COREF r_id="7" note="ACT1"><source m_id="1"/><source m_id="6"/><target m_id="9"/></CROSS_DOC_COREF>
<INTRA_DOC_COREF r_id="8"><source m_id="3"/><source m_id="4"/><source m_id="5"/><target m_id="9"/></INTRA_DOC_COREF>
</Relations>
</Document>"#;

    #[test]
    fn chains_and_single_mentions() {
        let (document, report) = read_ecb(XML.as_bytes(), "1.xml", 1 << 20).unwrap();
        document.validate().unwrap();
        assert_eq!(document.id, "1_10ecb");
        assert_eq!(document.sentences[1].tokens, ["AT&T", "left"]);
        let [chain, single] = &document.events[..] else {
            panic!("{:?}", document.events)
        };
        assert_eq!((chain.id.as_str(), single.id.as_str()), ("ACT1", "2"));
        assert_eq!(chain.mentions[0].span, TokenSpan::new(0, 1, 4));
        assert_eq!(single.event_type, "NEG_ACTION_OCCURRENCE");
        let ids: Vec<&str> = document.entities.iter().map(|e| e.id.as_str()).collect();
        assert_eq!(ids, ["ACT1", "8"]);
        assert_eq!(document.entities[1].mentions.len(), 2);
        for loss in [
            Loss::MixedChain,
            Loss::DiscontinuousSpan,
            Loss::CrossSentenceSpan,
            Loss::UnknownReference,
        ] {
            assert_eq!(report.lost(loss), 1, "{loss}");
        }
    }

    #[test]
    fn errors_name_line_and_value() {
        let says = |from: &str, to: &str, expected: &str| {
            let text = XML.replacen(from, to, 1);
            let error = read_ecb(text.as_bytes(), "1.xml", 1 << 20).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        };
        says(
            r#"t_id="2""#,
            r#"t_id="x""#,
            "1.xml:4: t_id=\"x\" of <token>",
        );
        says(
            r#"t_id="2""#,
            r#"t_id="1""#,
            "1.xml:4: t_id 1 was given before",
        );
        says(
            r#"_anchor t_id="2""#,
            r#"_anchor t_id="77""#,
            "t_id 77 is no token",
        );
        says("</Markables>", "", "1.xml:");
        says(
            "<Document ",
            "<!DOCTYPE a [<!ENTITY b \"c\">]>\n<Document ",
            "1.xml:",
        );
        let error = read_ecb(XML.as_bytes(), "1.xml", 10).unwrap_err();
        assert!(
            error.to_string().contains("longer than 10 bytes"),
            "{error}"
        );
    }
}
