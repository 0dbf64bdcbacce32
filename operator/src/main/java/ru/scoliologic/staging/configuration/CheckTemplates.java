package ru.scoliologic.staging.configuration;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.ValidationSpec;
import ru.scoliologic.staging.api.ValidationSpec.Check;
import ru.scoliologic.staging.api.ValidationSpec.Header;

/**
 * The headers and bodies of declared checks, in which {@code $(NAME)} stands for a value.
 *
 * @param spec as declared
 * @param parts values by name
 */
record CheckTemplates(ValidationSpec spec, Map<String, String> parts) {

  /** One message for each name without a value. */
  List<String> problems() {
    return spec.checks().stream().flatMap(this::problems).toList();
  }

  private Stream<String> problems(Check check) {
    return Stream.concat(
            Stream.ofNullable(check.body()).flatMap(body -> unknown(body, check, "body")),
            check.headers().stream()
                .filter(header -> header.value() != null)
                .flatMap(header ->
                    unknown(header.value(), check, "headers[%s]".formatted(header.name()))))
        .distinct();
  }

  private Stream<String> unknown(String template, Check check, String field) {
    return Composition.names(template).stream()
        .filter(name -> !parts.containsKey(name))
        .map(name ->
            Composition.unknown(
                name,
                "spec.validation.checks[%s].%s".formatted(check.name(), field),
                parts.keySet()));
  }

  /** The same checks with the values in place; a name without a value stays. */
  ValidationSpec composed() {
    return new ValidationSpec(
        spec.checks().stream().map(this::composed).toList(),
        spec.manual(),
        spec.periodSeconds(),
        spec.frontPageMillis(),
        spec.containers());
  }

  private Check composed(Check check) {
    return new Check(
        check.name(),
        check.group(),
        check.priority(),
        check.method(),
        check.path(),
        check.headers().stream()
            .map(header ->
                header.value() == null
                    ? header
                    : new Header(header.name(), Composition.compose(header.value(), parts), null))
            .toList(),
        check.body() == null ? null : Composition.compose(check.body(), parts),
        check.expect());
  }
}
