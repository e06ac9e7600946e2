mod arbitrary;
mod formats;
mod round_trips;
mod schemes;
