//! Changes of a second factor. Its owner renews the recovery codes or turns it off, and the operator resets it.

use super::{act, is_refused, led_to, protect, recovery_codes, refusal};
use crate::support::{ADMINISTRATOR, CALLER, Outcome, PASSWORD, path, server_and_client, sign_in};

#[tokio::test]
async fn new_recovery_codes_and_turning_it_off_need_the_password_and_a_code() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let old = protect(&office).await.recovery_codes;
    let used = old[0].as_str();
    for act in ["codes", "off"] {
        for (password, code, problem) in [
            ("", used, "sign-in-refused"),
            ("guess", used, "sign-in-refused"),
            (PASSWORD, "1", "code-refused"),
        ] {
            let to = led_to(&office, &[("act", act), ("password", password), ("code", code)]).await;
            assert_eq!(to, format!("/me/sign-in?problem={problem}"), "{act}");
        }
    }
    let renewed = act(&office, &[("act", "codes"), ("password", PASSWORD), ("code", used)]).await;
    let new = recovery_codes(renewed).await;
    assert_eq!(refusal(&client, Some(&old[1])).await, is_refused("code-refused"), "the old codes are gone");
    let off = led_to(&office, &[("act", "off"), ("password", PASSWORD), ("code", new[0].as_str())]).await;
    assert_eq!(off, "/me/sign-in?done=off");
    sign_in(&client, ADMINISTRATOR).await?;
    let resident = sign_in(&client, CALLER).await?;
    let begin = led_to(&resident, &[("act", "begin"), ("password", PASSWORD)]).await;
    assert_eq!(begin, "/me/sign-in?problem=not-yours", "residents have none");
    Ok(())
}

#[tokio::test]
async fn the_operator_resets_it_for_somebody_who_lost_phone_and_codes() -> Outcome {
    let (server, client) = server_and_client().await?;
    protect(&sign_in(&client, ADMINISTRATOR).await?).await;
    assert_eq!(refusal(&client, None).await, is_refused("code-needed"));
    let reset = || {
        std::process::Command::new(path())
            .args(["accounts", "reset-second-factor", "--name", ADMINISTRATOR, "--data-dir"])
            .arg(server.data_dir())
            .env_remove("DATABASE_URL")
            .output()
            .unwrap()
    };
    assert_eq!(String::from_utf8_lossy(&reset().stdout), "admin signs in without a code now\n");
    sign_in(&client, ADMINISTRATOR).await?;
    let again = reset();
    assert!(!again.status.success());
    assert_eq!(String::from_utf8_lossy(&again.stderr), "iutsai: admin has no second factor\n");
    Ok(())
}
