//! What a customer or user wants.

use crate::repro::tasks::real::source::{CSV, Columns, Format, Others, Source};

const fn clinc(name: &'static str, labels: &'static [(&'static str, &'static str)]) -> Source {
    Source {
        name,
        kind: "intent",
        asset: "clinc150",
        format: Format::Sections("data_full.json"),
        train: &["train"],
        test: &["val", "test"],
        labels,
        others: Others::Skip,
    }
}

const fn banking(name: &'static str, labels: &'static [(&'static str, &'static str)]) -> Source {
    Source {
        name,
        kind: "intent",
        asset: "banking77",
        format: Format::Named(
            CSV,
            Columns {
                text: "text",
                pair: None,
                label: "category",
            },
        ),
        train: &["train.csv"],
        test: &["test.csv"],
        labels,
        others: Others::Skip,
    }
}

/// Their tasks.
pub(super) const SOURCES: &[Source] = &[
    clinc(
        "clinc-travel",
        &[
            ("book_flight", "flight"),
            ("book_hotel", "hotel"),
            ("car_rental", "car"),
            ("translate", "language"),
            ("exchange_rate", "money"),
        ],
    ),
    clinc(
        "clinc-kitchen",
        &[
            ("recipe", "cook"),
            ("calories", "weight"),
            ("cook_time", "time"),
            ("ingredients_list", "list"),
            ("restaurant_reservation", "table"),
        ],
    ),
    clinc(
        "clinc-home",
        &[
            ("play_music", "music"),
            ("smart_home", "house"),
            ("alarm", "clock"),
            ("calendar", "day"),
            ("shopping_list", "shop"),
        ],
    ),
    clinc(
        "clinc-talk",
        &[
            ("greeting", "welcome"),
            ("goodbye", "farewell"),
            ("thank_you", "thanks"),
            ("tell_joke", "joke"),
            ("what_is_your_name", "name"),
            ("how_old_are_you", "age"),
        ],
    ),
    clinc(
        "clinc-road",
        &[
            ("weather", "weather"),
            ("traffic", "road"),
            ("distance", "distance"),
            ("gas", "oil"),
            ("tire_pressure", "pressure"),
        ],
    ),
    clinc(
        "clinc-money",
        &[
            ("balance", "money"),
            ("pin_change", "number"),
            ("taxes", "government"),
            ("payday", "work"),
            ("insurance", "health"),
        ],
    ),
    clinc(
        "clinc-yes-no",
        &[("no", "no"), ("yes", "yes"), ("maybe", "perhaps")],
    ),
    banking(
        "banking-card",
        &[
            ("card_arrival", "post"),
            ("lost_or_stolen_card", "lost"),
            ("change_pin", "number"),
            ("age_limit", "age"),
            ("country_support", "country"),
        ],
    ),
    banking(
        "banking-transfer",
        &[
            ("exchange_rate", "rate"),
            ("failed_transfer", "failed"),
            ("request_refund", "return"),
            ("terminate_account", "close"),
        ],
    ),
];
