// Reads as the original Spring service reads, through spring-kafka's JsonDeserializer, which makes a value into the
// type of the record's type headers, or else a map. It ends with status 1 at the first record for which it cannot.
//
// java -cp 'JARS/*' end2end/kafka/Consumer.java BOOTSTRAP_SERVERS COUNT TOPIC...
// Prints the first COUNT records of the topics, one JSON object a line: topic, key, value and the Java class of the value.

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.support.serializer.JsonDeserializer;

public final class Consumer {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    public static void main(String[] arguments) throws Exception {
        // Its own output is in the system's encoding, which need not have Korean letters.
        var out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        String servers = arguments[0];
        int count = Integer.parseInt(arguments[1]);
        List<String> topics = Arrays.asList(arguments).subList(2, arguments.length);
        var factory = new DefaultKafkaConsumerFactory<String, Object>(Map.of(
                ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, servers,
                ConsumerConfig.GROUP_ID_CONFIG, "original",
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest",
                ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, StringDeserializer.class,
                ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, JsonDeserializer.class,
                JsonDeserializer.TRUSTED_PACKAGES, "*"));
        try (var consumer = factory.createConsumer()) {
            consumer.subscribe(topics);
            Instant deadline = Instant.now().plus(PATIENCE);
            for (int read = 0; read < count; ) {
                if (Instant.now().isAfter(deadline)) {
                    throw new IllegalStateException("only " + read + " of " + count + " records came");
                }
                for (ConsumerRecord<String, Object> record : consumer.poll(Duration.ofMillis(200))) {
                    out.println(asJson(record));
                    read++;
                }
            }
        }
    }

    private static String asJson(ConsumerRecord<String, Object> record) throws Exception {
        var fields = new HashMap<String, Object>();
        fields.put("topic", record.topic());
        fields.put("key", record.key());
        fields.put("value", record.value());
        fields.put("class", record.value().getClass().getName());
        return new ObjectMapper().writeValueAsString(fields);
    }
}
