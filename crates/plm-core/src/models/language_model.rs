//! What the language models of T5, BART and GPT-2 share: everything but how states become scores.

/// Scores at chosen places, and room for new words, in a model with `scores` and `lm_head`.
macro_rules! word_scores_at {
    () => {
        /// Scores at chosen places only, and of chosen words only.
        ///
        /// # Shapes
        /// - hidden: states of the (decoder's) layers, `[batch, length, hidden]`
        /// - places: `[places]`, each `example * length + position`
        /// - rows: vocabulary ids, `[chosen]`; all words where absent
        /// - result: `[places, chosen]`
        ///
        /// # Panics
        /// If a place lies outside of `hidden` or one of `rows` is not in the vocabulary, on devices
        /// that check it; GPUs do not.
        pub fn logits_at(
            &self,
            hidden: Tensor<3>,
            places: Tensor<1, Int>,
            rows: Option<Tensor<1, Int>>,
        ) -> Tensor<2> {
            self.scores($crate::models::seq2seq::at_places(hidden, places), rows)
        }
    };
}

/// The rest of a model with two stacks.
macro_rules! seq2seq_language_model {
    () => {
        /// The output of both stacks and the scores of every word at every position of the decoder,
        /// `[batch, length, vocabulary]`.
        ///
        /// # Panics
        /// As the base model.
        pub fn forward(&self, input: &Seq2SeqInput) -> (Seq2SeqOutput, Tensor<3>) {
            let output = self.model.forward(input);
            let logits = self.scores(output.decoder.last_hidden_state.clone(), None);
            (output, logits)
        }

        $crate::models::language_model::word_scores_at!();

        /// The decoder's input for given targets
        /// ([`shift_right`](crate::models::shift_right)), `[batch, length]`.
        pub fn decoder_ids(&self, labels: Tensor<2, Int>) -> Tensor<2, Int> {
            let config = &self.model.config;
            let (start, pad) = (config.decoder_start_token_id, config.pad_token_id);
            $crate::models::seq2seq::shift_right(labels, start, pad)
        }

        /// Mean cross-entropy of the targets, [`crate::models::loss::IGNORE_INDEX`] left out.
        ///
        /// # Shapes
        /// - logits: `[batch, length, vocabulary]`
        /// - labels: `[batch, length]`
        /// - result: `[1]`
        pub fn loss(&self, logits: Tensor<3>, labels: Tensor<2, Int>) -> Tensor<1> {
            $crate::models::loss::token_cross_entropy(logits, labels)
        }
    };
}

pub(super) use {seq2seq_language_model, word_scores_at};
