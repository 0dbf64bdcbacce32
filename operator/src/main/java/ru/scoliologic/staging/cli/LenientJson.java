package ru.scoliologic.staging.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.deser.DeserializationProblemHandler;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;

/**
 * Reads objects stored under another version of the schema. One object that cannot be parsed would
 * otherwise stop the watch for all of them: a field of the wrong type is read as absent, and the
 * spec rules then report it.
 */
final class LenientJson {
  private LenientJson() {}

  static KubernetesSerialization serialization() {
    var mapper =
        new ObjectMapper()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.READ_UNKNOWN_ENUM_VALUES_AS_NULL)
            .addHandler(new AbsentWhenUnreadable());
    return new KubernetesSerialization(mapper, true);
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
