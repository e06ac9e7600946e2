//! Sparse graphs: compressed rows, normalisation, products, spectra and walks.
