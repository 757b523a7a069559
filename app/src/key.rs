//! The keys of requests. The key that makes a call becomes the call's id.

use uuid::Uuid;

/// Returns a new key, a UUIDv7 (RFC 9562, section 5.7) of this moment.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn fresh() -> Uuid {
    Uuid::now_v7()
}

/// Returns a new key, a UUIDv7 (RFC 9562, section 5.7) of this moment. The library's own function has a counter for the
/// keys of one millisecond, and with it a division that is longer than all of this.
#[cfg(target_arch = "wasm32")]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "milliseconds since 1970 are not negative"
)]
pub(crate) fn fresh() -> Uuid {
    use wasm_bindgen::prelude::*;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
        fn fill(octets: &mut [u8]);
    }

    let mut random = [0; 10];
    fill(&mut random);
    uuid::Builder::from_unix_timestamp_millis(js_sys::Date::now() as u64, &random).into_uuid()
}
