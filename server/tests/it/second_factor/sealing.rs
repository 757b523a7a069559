//! The keys that seal the secrets of second factors in the database.

use std::path::Path;

use sqlx::{
    Connection as _, Row as _,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use testkit::server::{Program, Server};

use super::{Protected, protect, refusal};
use crate::{
    statistics::iutsai,
    support::{ADMINISTRATOR, Outcome, PASSWORD, change_accounts, program, sign_in},
};

/// 32 octets in URL-safe base64.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
/// Another key.
const NEW_KEY: &str = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA";

/// The program on this directory, with keys for the secrets.
fn with_keys(directory: &Path, keys: &str) -> Program {
    program().data_dir(directory).env("IUTSAI_SECOND_FACTOR_KEYS", keys)
}

/// Returns the secret of the only second factor as the database keeps it.
async fn kept_secret(server: &Server) -> Vec<u8> {
    let file = SqliteConnectOptions::new().filename(server.data_dir().join("iutsai.db"));
    let mut database = SqliteConnection::connect_with(&file).await.unwrap();
    let row = sqlx::query("SELECT secret FROM second_factors").fetch_one(&mut database).await.unwrap();
    database.close().await.unwrap();
    row.get("secret")
}

/// Signs the administrator in with a code of the app, as if none had been used before.
async fn enters(server: &Server, protected: &Protected) -> Outcome {
    change_accounts(server, "UPDATE second_factors SET last_step = 0").await;
    let code = protected.code(0);
    server.client()?.sign_in_with_code(ADMINISTRATOR, PASSWORD, Some(&code)).await.map(drop)
}

#[tokio::test]
async fn a_secret_is_sealed_at_the_first_code_after_there_is_a_key_also_in_a_backup() -> Outcome {
    let places = tempfile::tempdir().unwrap();
    let [here, there, backup] = ["here", "there", "backup"].map(|name| places.path().join(name));
    let first = with_keys(&here, "").start().await?;
    let protected = protect(&sign_in(&first.client()?, ADMINISTRATOR).await?).await;
    assert_eq!(kept_secret(&first).await, protected.secret, "without a key it is kept as it is");
    first.end().await?;

    let second = with_keys(&here, KEY).start().await?;
    assert_eq!(kept_secret(&second).await, protected.secret, "nobody has used a code yet");
    enters(&second, &protected).await?;
    let sealed = kept_secret(&second).await;
    assert!(sealed.len() > protected.secret.len());
    assert!(!sealed.windows(8).any(|part| protected.secret.starts_with(part)));
    enters(&second, &protected).await?;
    assert_eq!(kept_secret(&second).await, sealed);
    let (done, _, errors) = iutsai(second.data_dir(), &["backup", backup.to_str().unwrap()]);
    assert!(done, "{errors}");
    second.end().await?;

    let (done, _, errors) = iutsai(&there, &["restore", backup.to_str().unwrap()]);
    assert!(done, "{errors}");
    let restored = with_keys(&there, &format!("{NEW_KEY},{KEY}")).start().await?;
    enters(&restored, &protected).await?;
    assert_ne!(kept_secret(&restored).await, sealed, "it is sealed by the first key");
    restored.end().await?;
    let rotated = with_keys(&there, NEW_KEY).start().await?;
    enters(&rotated, &protected).await?;
    Ok(())
}

#[tokio::test]
async fn without_the_key_of_a_secret_a_recovery_code_still_signs_in() -> Outcome {
    let places = tempfile::tempdir().unwrap();
    let first = with_keys(places.path(), KEY).start().await?;
    let protected = protect(&sign_in(&first.client()?, ADMINISTRATOR).await?).await;
    assert_ne!(kept_secret(&first).await, protected.secret, "a new secret is sealed at once");
    first.end().await?;

    let second = with_keys(places.path(), NEW_KEY).start().await?;
    change_accounts(&second, "UPDATE second_factors SET last_step = 0").await;
    let client = second.client()?;
    let code = protected.code(0);
    assert_eq!(refusal(&client, Some(&code)).await.0, 503);
    assert!(second.log()?.contains("IUTSAI_SECOND_FACTOR_KEYS"), "the log names the setting");
    client.sign_in_with_code(ADMINISTRATOR, PASSWORD, Some(&protected.recovery_codes[0])).await?;
    Ok(())
}
