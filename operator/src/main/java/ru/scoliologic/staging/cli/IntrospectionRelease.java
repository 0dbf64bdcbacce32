package ru.scoliologic.staging.cli;

import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializationConfig;
import com.fasterxml.jackson.databind.deser.BeanDeserializerModifier;
import com.fasterxml.jackson.databind.introspect.AnnotatedClass;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.BeanSerializerModifier;
import java.lang.reflect.Field;
import java.util.List;

/**
 * Releases what Jackson found out about a class once its reader or writer is built: each property
 * would otherwise keep all methods, fields and annotations of its class, a fifth of the heap.
 * Jackson collects them again where they are asked for.
 */
final class IntrospectionRelease extends SimpleModule {
  private static final long serialVersionUID = 1;

  /** Caches of {@link AnnotatedClass}, filled on demand; it has no method that clears them. */
  private static final List<Field> FOUND =
      List.of(cache("_memberMethods"), cache("_fields"), cache("_creators"));

  IntrospectionRelease() {
    setDeserializerModifier(
        new BeanDeserializerModifier() {
          private static final long serialVersionUID = 1;

          @Override
          public JsonDeserializer<?> modifyDeserializer(
              DeserializationConfig config, BeanDescription bean, JsonDeserializer<?> built) {
            release(bean.getClassInfo());
            return built;
          }
        });
    setSerializerModifier(
        new BeanSerializerModifier() {
          private static final long serialVersionUID = 1;

          @Override
          public JsonSerializer<?> modifySerializer(
              SerializationConfig config, BeanDescription bean, JsonSerializer<?> built) {
            release(bean.getClassInfo());
            return built;
          }
        });
  }

  private static Field cache(String name) {
    try {
      Field field = AnnotatedClass.class.getDeclaredField(name);
      field.setAccessible(true);
      return field;
    } catch (NoSuchFieldException e) {
      throw new IllegalStateException("this version of Jackson has other caches", e);
    }
  }

  static void release(AnnotatedClass introspected) {
    for (Field cache : FOUND) {
      try {
        cache.set(introspected, null);
      } catch (IllegalAccessException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
