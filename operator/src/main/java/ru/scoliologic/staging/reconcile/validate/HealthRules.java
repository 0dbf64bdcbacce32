package ru.scoliologic.staging.reconcile.validate;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import ru.scoliologic.staging.api.AppSpec;
import ru.scoliologic.staging.api.AppSpec.Health;
import ru.scoliologic.staging.api.ValidationSpec;

/** The schema's rules for spec.services.app.health. */
final class HealthRules {
  private static final String FIELD = "spec.services.app.health";

  private HealthRules() {}

  static List<String> problems(AppSpec app) {
    var problems = new ArrayList<String>();
    var health = app.health();
    if (health.path() != null
        && !Pattern.matches(ValidationSpec.Check.PATH_PATTERN, health.path())) {
      problems.add(
          "%s.path: '%s' %s".formatted(FIELD, health.path(), ValidationSpec.Check.PATH_MESSAGE));
    }
    // An older schema stored a default path where none was given.
    boolean asksHttp =
        (health.path() != null && !health.path().equals(Health.DEFAULT_PATH))
            || health.headers() != null
            || health.status() != null;
    if (!health.byHttp() && asksHttp) {
      problems.add(FIELD + ": " + Health.HTTP_MESSAGE);
    }
    if (health.command() != null && (health.port() != null || Boolean.TRUE.equals(health.tcp()))) {
      problems.add(FIELD + ": " + Health.COMMAND_MESSAGE);
    }
    if (health.headers() != null) {
      for (var header : health.headers()) {
        if (!Pattern.matches(Health.Header.NAME_PATTERN, header.name())) {
          problems.add(
              "%s.headers: '%s' %s".formatted(FIELD, header.name(), Health.Header.NAME_MESSAGE));
        }
      }
    }
    if (app.deadlineSeconds() != null && app.deadlineSeconds() < app.startSeconds()) {
      problems.add("spec.services.app: " + AppSpec.DEADLINE_MESSAGE);
    }
    return problems;
  }
}
