package ru.scoliologic.staging.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.AnnotatedClass;
import com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.fasterxml.jackson.databind.ser.PropertyWriter;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class IntrospectionReleaseTest {
  private static final Pod POD =
      new PodBuilder()
          .withNewMetadata()
          .withName("pod")
          .addToLabels("a", "b")
          .endMetadata()
          .withNewSpec()
          .addNewContainer()
          .withName("app")
          .addNewPort()
          .withContainerPort(3000)
          .endPort()
          .endContainer()
          .endSpec()
          .addToAdditionalProperties("future", 1)
          .build();

  @Test
  void objects_are_written_and_read_as_without_it() throws Exception {
    var mapper = new ObjectMapper().registerModule(new IntrospectionRelease());
    for (int i = 0; i < 2; i++) {
      var json = mapper.writeValueAsString(POD);
      assertThat(json).isEqualTo(new ObjectMapper().writeValueAsString(POD));
      assertThat(mapper.readValue(json, Pod.class)).isEqualTo(POD);
    }
  }

  @Test
  void properties_do_not_keep_all_that_was_found_in_their_class() throws Exception {
    assertThat(kept(new ObjectMapper())).as("without it").isNotEmpty();
    assertThat(kept(new ObjectMapper().registerModule(new IntrospectionRelease()))).isEmpty();
  }

  /** Methods, fields and creators that the properties of a Pod's writer hold. */
  private static List<Object> kept(ObjectMapper mapper) throws Exception {
    mapper.writeValueAsString(POD);
    var kept = new ArrayList<>();
    var properties =
        mapper.getSerializerProviderInstance().findValueSerializer(Pod.class).properties();
    while (properties.hasNext()) {
      PropertyWriter property = properties.next();
      Object introspected = field(AnnotatedMember.class, "_typeContext").get(property.getMember());
      for (var name : List.of("_memberMethods", "_fields", "_creators")) {
        Object found = field(AnnotatedClass.class, name).get(introspected);
        if (found != null) {
          kept.add(found);
        }
      }
    }
    return kept;
  }

  private static Field field(Class<?> type, String name) throws NoSuchFieldException {
    var field = type.getDeclaredField(name);
    field.setAccessible(true);
    return field;
  }
}
