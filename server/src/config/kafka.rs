//! The settings of Kafka, and their check.

use backend::delivery::log::{KafkaSettings, Share};

use super::{Log, given};

/// Partitions of a topic that is created, at least.
const PARTITIONS: i32 = 2;

/// The address of a Kafka cluster, and the credentials. The names after `KAFKA_` are librdkafka's (its
/// CONFIGURATION.md), with underscores.
#[derive(Clone, Debug, clap::Args, serde::Serialize)]
#[command(next_help_heading = "Kafka")]
pub(crate) struct KafkaConfig {
    /// HOST:PORT of one or more brokers, separated by commas; without it the node is its own log
    #[arg(long = "kafka-bootstrap-servers", env = "KAFKA_BOOTSTRAP_SERVERS", value_name = "HOSTS")]
    pub bootstrap_servers: Option<String>,

    /// plaintext, ssl, sasl_plaintext or sasl_ssl
    #[arg(long = "kafka-security-protocol", env = "KAFKA_SECURITY_PROTOCOL", value_name = "PROTOCOL")]
    pub security_protocol: Option<String>,

    /// PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512
    #[arg(long = "kafka-sasl-mechanism", env = "KAFKA_SASL_MECHANISM", value_name = "MECHANISM")]
    pub sasl_mechanism: Option<String>,

    /// The name to sign in to Kafka with
    #[arg(long = "kafka-sasl-username", env = "KAFKA_SASL_USERNAME", value_name = "NAME")]
    pub sasl_username: Option<String>,

    /// Its password; better given by the variable, since a command line can be seen by others
    #[arg(long = "kafka-sasl-password", env = "KAFKA_SASL_PASSWORD", value_name = "PASSWORD")]
    #[arg(hide_env_values = true)]
    pub sasl_password: Option<String>,

    /// File of the authorities that sign the brokers' certificates; by default the system's
    #[arg(long = "kafka-ssl-ca-location", env = "KAFKA_SSL_CA_LOCATION", value_name = "FILE")]
    pub ssl_ca_location: Option<String>,

    /// File of this client's certificate, where the brokers ask for one
    #[arg(
        long = "kafka-ssl-certificate-location",
        env = "KAFKA_SSL_CERTIFICATE_LOCATION",
        value_name = "FILE"
    )]
    pub ssl_certificate_location: Option<String>,

    /// File of its private key
    #[arg(long = "kafka-ssl-key-location", env = "KAFKA_SSL_KEY_LOCATION", value_name = "FILE")]
    pub ssl_key_location: Option<String>,

    /// The private key's password
    #[arg(long = "kafka-ssl-key-password", env = "KAFKA_SSL_KEY_PASSWORD", value_name = "PASSWORD")]
    #[arg(hide_env_values = true)]
    pub ssl_key_password: Option<String>,
}

impl KafkaConfig {
    /// librdkafka's names with the values that were given.
    fn security(&self) -> Result<Vec<(String, String)>, String> {
        let one_of = |variable: &str, value: &Option<String>, known: &[&str]| match given(value.as_deref()) {
            Some(value) if !known.iter().any(|word| word.eq_ignore_ascii_case(value)) => {
                Err(format!("{variable}: {value:?} is not known; write one of {}.", known.join(", ")))
            }
            _ => Ok(()),
        };
        let protocols = ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"];
        one_of("KAFKA_SECURITY_PROTOCOL", &self.security_protocol, &protocols)?;
        let mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];
        one_of("KAFKA_SASL_MECHANISM", &self.sasl_mechanism, &mechanisms)?;
        let all = [
            ("security.protocol", &self.security_protocol),
            ("sasl.mechanism", &self.sasl_mechanism),
            ("sasl.username", &self.sasl_username),
            ("sasl.password", &self.sasl_password),
            ("ssl.ca.location", &self.ssl_ca_location),
            ("ssl.certificate.location", &self.ssl_certificate_location),
            ("ssl.key.location", &self.ssl_key_location),
            ("ssl.key.password", &self.ssl_key_password),
        ];
        let set = |(name, value): (&str, &Option<String>)| {
            given(value.as_deref()).map(|value| (name.to_owned(), value.to_owned()))
        };
        Ok(all.into_iter().filter_map(set).collect())
    }
}

impl Log {
    /// Returns how the backend reaches Kafka, to read all of it; `None` for a node that is its own log.
    pub(crate) fn kafka(&self) -> Option<KafkaSettings> {
        match self {
            Self::Local => None,
            Self::Cluster { bootstrap_servers, security } => Some(KafkaSettings {
                bootstrap_servers: bootstrap_servers.clone(),
                security: security.clone(),
                partitions: PARTITIONS,
                share: Share::default(),
            }),
        }
    }
}

/// Returns where records are kept, which is the named cluster, else the node's own outbox.
///
/// # Errors
/// One sentence about what to write.
pub(crate) fn log(kafka: &KafkaConfig) -> Result<Log, String> {
    let Some(bootstrap_servers) = given(kafka.bootstrap_servers.as_deref()) else { return Ok(Log::Local) };
    for server in bootstrap_servers.split(',') {
        let port = server.trim().rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>()));
        if !matches!(port, Some((host, Ok(1..))) if !host.is_empty()) {
            return Err(format!(
                "KAFKA_BOOTSTRAP_SERVERS: {server:?} is not HOST:PORT; write kafka-1:9092,kafka-2:9092, or leave it \
                 unset for a node that is its own log."
            ));
        }
    }
    Ok(Log::Cluster { bootstrap_servers: bootstrap_servers.into(), security: kafka.security()? })
}
