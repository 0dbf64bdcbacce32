package ru.scoliologic.staging.reconcile.validate;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import ru.scoliologic.staging.api.HeadersSpec;

/** The schema's rules for spec.ingress.headers; see {@link SpecValidator}. */
final class HeaderRules {
  private static final String FIELD = "spec.ingress.headers.set";

  private HeaderRules() {}

  static List<String> problems(HeadersSpec headers) {
    var problems = new ArrayList<String>();
    var names = new HashSet<String>();
    for (var header : headers == null ? List.<HeadersSpec.Header>of() : headers.set()) {
      var name = header.name();
      if (name == null) {
        problems.add(FIELD + "[].name is missing");
        continue;
      }
      if (!name.matches(HeadersSpec.NAME_PATTERN)) {
        problems.add("%s: '%s' %s".formatted(FIELD, name, HeadersSpec.NAME_MESSAGE));
      }
      if (name.toLowerCase(Locale.ROOT).matches(HeadersSpec.RESERVED_PATTERN)) {
        problems.add("%s: '%s' %s".formatted(FIELD, name, HeadersSpec.RESERVED_MESSAGE));
      }
      if (!header.value().matches(HeadersSpec.VALUE_PATTERN)) {
        problems.add("%s[%s].value %s".formatted(FIELD, name, HeadersSpec.VALUE_MESSAGE));
      }
      if (!names.add(name.toLowerCase(Locale.ROOT))) {
        problems.add("%s: %s".formatted(FIELD, HeadersSpec.TWICE_MESSAGE));
      }
    }
    return problems;
  }
}
