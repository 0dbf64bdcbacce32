package ru.scoliologic.staging.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.deser.DeserializationProblemHandler;
import io.fabric8.kubernetes.api.model.KubernetesResource;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.networking.v1.IngressClass;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.util.List;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.reconcile.observe.OwnedObjectCache;

/**
 * Reads objects stored under another version of the schema. One object that cannot be parsed would
 * otherwise stop the watch for all of them: a field of the wrong type is read as absent, and the
 * spec rules then report it.
 */
final class LenientJson {
  /** Kinds of watches beside an environment's objects; events of any more are parsed twice. */
  private static final List<Class<? extends KubernetesResource>> OTHER_KINDS =
      List.of(
          StagingEnvironment.class,
          Node.class,
          StorageClass.class,
          IngressClass.class,
          Status.class);

  private LenientJson() {}

  static KubernetesSerialization serialization() {
    var mapper =
        new ObjectMapper()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.READ_UNKNOWN_ENUM_VALUES_AS_NULL)
            .addHandler(new AbsentWhenUnreadable())
            .registerModule(new IntrospectionRelease());
    // Found on the class path, every kind of every API would be loaded: a third of the memory.
    var serialization = new KubernetesSerialization(mapper, false);
    OwnedObjectCache.KINDS.forEach(serialization::registerKubernetesResource);
    OTHER_KINDS.forEach(serialization::registerKubernetesResource);
    return serialization;
  }

  private static final class AbsentWhenUnreadable extends DeserializationProblemHandler {
    @Override
    public Object handleWeirdStringValue(
        DeserializationContext context, Class<?> type, String value, String problem) {
      return type.isPrimitive() ? NOT_HANDLED : null;
    }

    @Override
    public Object handleUnexpectedToken(
        DeserializationContext context,
        JavaType type,
        JsonToken token,
        JsonParser parser,
        String problem)
        throws IOException {
      parser.skipChildren();
      return type.isPrimitive() ? NOT_HANDLED : null;
    }
  }
}
