package ru.scoliologic.staging.reconcile.validate;

import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.AnnotatedParameterizedType;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Field;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The limits that annotations set to the value of a field, or to the items of a list or map.
 *
 * @param number a number's bounds
 * @param size characters of a text, or entries of a list
 * @param texts rules of a text, forbidden ones first: what they forbid is not quoted by others
 * @param distinct whether the names of a list's items must differ, and how
 * @param items null where there are none
 */
record Limits(
    boolean required,
    Range number,
    Range size,
    List<TextRule> texts,
    Optional<DistinctNames> distinct,
    Limits items) {

  /** Both bounds are allowed values. */
  record Range(long min, long max) {
    static final Range ANY = new Range(Long.MIN_VALUE, Long.MAX_VALUE);
  }

  static Limits of(Field field) {
    return of(
        field, field.getAnnotatedType(), List.of(field.getAnnotationsByType(ValidationRule.class)));
  }

  /** The rules of a list about a text are about each of its items. */
  private static Limits of(AnnotatedElement place, AnnotatedType type, List<ValidationRule> rules) {
    var min = place.getAnnotation(Min.class);
    var max = place.getAnnotation(Max.class);
    var size = place.getAnnotation(Size.class);
    return new Limits(
        place.isAnnotationPresent(Required.class),
        new Range(
            min == null ? Range.ANY.min() : (long) min.value(),
            max == null ? Range.ANY.max() : (long) max.value()),
        size == null ? Range.ANY : new Range(size.min(), size.max()),
        rules.stream()
            .flatMap(rule -> TextRule.of(rule).stream())
            .sorted(Comparator.comparing(TextRule::forbids).reversed())
            .toList(),
        rules.stream().flatMap(rule -> DistinctNames.of(rule).stream()).findFirst(),
        type instanceof AnnotatedParameterizedType container ? items(container, rules) : null);
  }

  private static Limits items(AnnotatedParameterizedType container, List<ValidationRule> rules) {
    var arguments = container.getAnnotatedActualTypeArguments();
    var item = arguments[arguments.length - 1];
    return of(item, item, rules);
  }

  /** The limits of a text of its own, outside of a field. */
  static Limits ofText(int max, TextRule rule) {
    return new Limits(false, Range.ANY, new Range(0, max), List.of(rule), Optional.empty(), null);
  }

  Optional<TextRule> brokenBy(String text) {
    return texts.stream().filter(rule -> !rule.allows(text)).findFirst();
  }
}
