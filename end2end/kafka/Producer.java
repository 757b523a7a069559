// Writes as the original Spring service writes, which is maps through spring-kafka's JsonSerializer, which adds its
// three type headers, and no key.
//
// java -cp 'JARS/*' end2end/kafka/Producer.java BOOTSTRAP_SERVERS TOPIC
// Standard input has one JSON object a line; each becomes a record. Prints TOPIC-PARTITION-OFFSET for each.

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.StringSerializer;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.support.serializer.JsonSerializer;

public final class Producer {
    public static void main(String[] arguments) throws Exception {
        String servers = arguments[0];
        String topic = arguments[1];
        var factory = new DefaultKafkaProducerFactory<String, Map<String, Object>>(Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, servers,
                ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, StringSerializer.class,
                ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, JsonSerializer.class));
        var json = new ObjectMapper();
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try {
            var template = new KafkaTemplate<>(factory);
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                @SuppressWarnings("unchecked")
                HashMap<String, Object> value = json.readValue(line, HashMap.class);
                var record = template.send(topic, value).get().getRecordMetadata();
                System.out.println(topic + "-" + record.partition() + "-" + record.offset());
            }
        } finally {
            factory.destroy();
        }
    }
}
