# The layout of a cluster on disk, which is its nodes' settings, its certificate and its formatted storage. Sourced by
# script/kafka, whose variables it uses, never run.
# shellcheck shell=bash
# shellcheck disable=SC2154 # the variables are script/kafka's

# settings N prints node.properties of node N. Both roles are in one process, and a failed node is noticed within
# seconds.
settings() {
    local node=$dir/node-$1 port proxied controller secure advertised=$2 copies=$brokers
    read -r port proxied controller secure < <(echo "${ports[@]:4*($1 - 1):4}")
    advertised=${advertised:-$proxied}
    echo "$port" >"$node/port"
    echo "$proxied" >"$node/proxied-port"
    cat <<END
process.roles=broker,controller
node.id=$1
controller.quorum.voters=$voters
listeners=CLIENT://127.0.0.1:$port,PROXIED://127.0.0.1:$proxied,CONTROLLER://127.0.0.1:$controller${secure_listener:+,SECURE://127.0.0.1:$secure}
advertised.listeners=CLIENT://127.0.0.1:$port,PROXIED://127.0.0.1:$advertised${secure_listener:+,SECURE://127.0.0.1:$secure}
listener.security.protocol.map=CLIENT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
inter.broker.listener.name=CLIENT
controller.listener.names=CONTROLLER
log.dirs=$node/data
# A topic that nobody made on purpose would hide a mistake.
auto.create.topics.enable=false
delete.topic.enable=true
offsets.topic.num.partitions=4
offsets.topic.replication.factor=$copies
transaction.state.log.replication.factor=$copies
transaction.state.log.min.isr=$(((copies + 1) / 2))
share.coordinator.state.topic.replication.factor=$copies
share.coordinator.state.topic.min.isr=$(((copies + 1) / 2))
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
controller.quorum.election.timeout.ms=500
controller.quorum.fetch.timeout.ms=1000
# No snapshot by time. A clock that jumps would make one, and where the power is cut soon after, ten octets of it are
# left, with which a broker never comes back (seen with Kafka 4.1.0 under script/chaos).
metadata.log.max.snapshot.interval.ms=0
END
    if [[ $no_retention ]]; then
        # Some 24 days.
        echo log.retention.check.interval.ms=2147483647
        echo log.initial.task.delay.ms=2147483647
    fi
    if [[ $secure_listener ]]; then
        echo "$secure" >"$node/secure-port"
        secure_settings
    fi
}

secure_settings() {
    cat <<END
sasl.enabled.mechanisms=PLAIN
listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_iutsai="neighbour";
listener.name.secure.ssl.keystore.type=PKCS12
listener.name.secure.ssl.keystore.location=$dir/authority.p12
listener.name.secure.ssl.keystore.password=neighbour
END
}

# A certificate for 127.0.0.1 that is its own authority.
make_authority() {
    local keytool=${java[0]%/*}/keytool store=(-keystore "$dir/authority.p12" -storetype PKCS12 -storepass neighbour -alias broker)
    rm -f "$dir/authority.p12"
    "$keytool" -genkeypair "${store[@]}" -keyalg EC -groupname secp256r1 -validity 30 -dname CN=127.0.0.1 \
        -ext san=ip:127.0.0.1 -ext bc=ca:true >"$dir/authority.log" 2>&1 &&
        "$keytool" -exportcert "${store[@]}" -rfc -file "$dir/authority.pem" >>"$dir/authority.log" 2>&1
}

# Lays the nodes out, with settings, and storage formatted for one cluster.
make_cluster() {
    local n id formats=() advertised
    rm -rf "$dir"/node-*
    mapfile -t ports < <(node script/ports.mjs $((4 * brokers)))
    ((${#ports[@]} == 4 * brokers)) || fail "no free ports on loopback were found; end some of the servers that run here"
    IFS=, read -ra advertised <<<"${KAFKA_PROXIED_PORTS-}"
    [[ ! $secure_listener ]] || make_authority || fail "keytool made no certificate; see $dir/authority.log"
    voters=
    for ((n = 1; n <= brokers; n++)); do voters+=,$n@127.0.0.1:${ports[4 * n - 2]}; done
    voters=${voters#,}
    # Kafka's ids are 16 octets in URL-safe base64; one that began with a dash would look like an option.
    id=K$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c 2-22)
    for ((n = 1; n <= brokers; n++)); do
        mkdir -p "$dir/node-$n"
        settings "$n" "${advertised[n - 1]-}" >"$dir/node-$n/node.properties"
        "${java[@]}" kafka.tools.StorageTool format -t "$id" -c "$dir/node-$n/node.properties" >"$dir/node-$n/log" 2>&1 9>&- &
        formats+=($!)
    done
    for n in "${!formats[@]}"; do
        wait "${formats[n]}" || {
            cat "$dir/node-$((n + 1))/log" >&2
            fail "node $((n + 1)) could not be laid out in $dir; see Kafka's words above"
        }
    done
    echo "${KAFKA_PROXIED_PORTS-}" >"$dir/complete"
}
