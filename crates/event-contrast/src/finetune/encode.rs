use std::ops::Range;

use plm_core::text::Encoding;

use super::{Candidate, Markers};
use crate::Result;
use crate::text::SpanEncoder;

/// A candidate's marked text and the segments over which its states are pooled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedCandidate {
    /// The text with markers.
    pub encoding: Encoding,
    /// In detection what stands before the marker and what from there on. For arguments, with the text
    /// cut at the first markers of trigger and argument: the outer side of the trigger, what lies
    /// between, the outer side of the argument.
    pub segments: Vec<Range<usize>>,
}

/// A marker to be put into the text.
struct Insertion {
    at: usize,
    /// Ends of spans before beginnings, so that neighbors do not interlock; of ends the inner first, of
    /// beginnings the outer first.
    rank: (bool, isize),
    id: u32,
}

/// Marks `candidate` in its sentence; nothing where a span or its marker does not fit into the
/// encoder's length, or has no sub-word.
///
/// # Errors
/// As [`SpanEncoder::encode`]; [`Error::Core`](crate::Error::Core) for an event type without markers.
pub fn encode_candidate(
    encoder: &SpanEncoder,
    markers: &Markers,
    tokens: &[String],
    candidate: &Candidate,
) -> Result<Option<EncodedCandidate>> {
    let spans: Vec<_> = std::iter::once(candidate.trigger)
        .chain(candidate.argument)
        .collect();
    let mut encoded = encoder.encode_whole(tokens, &spans)?;
    let ranges: Option<Vec<Range<usize>>> = encoded.ranges.iter().cloned().collect();
    let Some(ranges) = ranges else {
        return Ok(None);
    };
    let mut insertions = Vec::new();
    match ranges.as_slice() {
        [trigger] => insertions.push(Insertion {
            at: trigger.start,
            rank: (true, 0),
            id: markers.detection,
        }),
        ranges => {
            let ids = [markers.of_type(candidate.event_type)?, markers.argument];
            for (range, [before, after]) in ranges.iter().zip(ids) {
                let length = range.len() as isize;
                insertions.push(Insertion {
                    at: range.start,
                    rank: (true, -length),
                    id: before,
                });
                insertions.push(Insertion {
                    at: range.end,
                    rank: (false, length),
                    id: after,
                });
            }
        }
    }
    let mut order: Vec<usize> = (0..insertions.len()).collect();
    order.sort_by_key(|&index| (insertions[index].at, insertions[index].rank));
    for &index in order.iter().rev() {
        encoded.insert(insertions[index].at, insertions[index].id);
    }
    // The marker that comes n-th from the left is moved by the n before it.
    let mut places = vec![0; insertions.len()];
    for (before, &index) in order.iter().enumerate() {
        places[index] = insertions[index].at + before;
    }
    let whole = encoded.encoding.len();
    encoded.truncate(encoder.max_length());
    let length = encoded.encoding.len();
    let closing = encoded.encoding.special_tokens_mask.iter().rev();
    let closing = closing.take_while(|&&special| special).count();
    let cut = length < whole;
    let lost = encoded.ranges.iter().any(Option::is_none)
        || (cut && places.iter().any(|&place| place >= length - closing));
    if lost {
        return Ok(None);
    }
    let segments = match (places[0], places.get(2)) {
        (trigger, None) => vec![0..trigger, trigger..length],
        (trigger, Some(&argument)) if trigger <= argument => {
            vec![0..trigger, trigger..argument, argument..length]
        }
        (trigger, Some(&argument)) => vec![trigger..length, argument..trigger, 0..argument],
    };
    Ok(Some(EncodedCandidate {
        encoding: encoded.encoding,
        segments,
    }))
}
