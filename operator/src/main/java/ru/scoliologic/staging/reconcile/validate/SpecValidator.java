package ru.scoliologic.staging.reconcile.validate;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;
import ru.scoliologic.staging.api.AccessSpec;
import ru.scoliologic.staging.api.AppSpec;
import ru.scoliologic.staging.api.ComponentSpec;
import ru.scoliologic.staging.api.DatabaseBackup;
import ru.scoliologic.staging.api.DatabaseRestore;
import ru.scoliologic.staging.api.DatabaseSeed;
import ru.scoliologic.staging.api.Domains;
import ru.scoliologic.staging.api.InfrastructureSpec;
import ru.scoliologic.staging.api.IngressSpec;
import ru.scoliologic.staging.api.KeyRef;
import ru.scoliologic.staging.api.MonitoringSpec;
import ru.scoliologic.staging.api.OllamaSpec;
import ru.scoliologic.staging.api.PostgresSpec;
import ru.scoliologic.staging.api.RedisSpec;
import ru.scoliologic.staging.api.SecretsSpec;
import ru.scoliologic.staging.api.ServicesSpec;
import ru.scoliologic.staging.api.SharedIngress;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingEnvironmentSpec;
import ru.scoliologic.staging.api.Storage;
import ru.scoliologic.staging.api.ValidationSpec;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.reconcile.observe.ReferencedObjects;

/**
 * Repeats the rules of the schema: an object may be stored under an older, laxer schema, or come
 * from a file, as for {@code render}. The patterns and messages are the schema's own.
 */
public final class SpecValidator {
  private final List<String> problems = new ArrayList<>();

  private SpecValidator() {}

  /** Every problem, each naming the field, the error in its value, and the remedy. */
  public static List<String> problems(StagingEnvironment environment) {
    var rules = new SpecValidator();
    var spec = environment.getSpec();
    if (spec == null) {
      return List.of("spec is missing: see `kubectl explain stenv.spec`");
    }
    if (environment.getMetadata().getName().length() > 40) {
      rules.problems.add(
          "metadata.name is too long: an environment's name has at most 40 characters");
    }
    rules.domains(spec.domains(), spec.ingress() == null || !spec.ingress().sharesController());
    rules.ingress(spec.ingress());
    rules.secrets(spec.secrets());
    rules.services(spec);
    rules.deadlines(spec);
    rules.validation(spec.validation());
    rules.monitoring(spec);
    rules.infrastructure(spec.infrastructure());
    rules.problems.addAll(GitopsRules.problems(spec.gitops()));
    rules.problems.addAll(NotificationRules.problems(spec.notifications()));
    rules.problems.addAll(QuantityRules.problems("spec", spec));
    if (rules.problems.isEmpty() && ReferencedObjects.count(environment) > ReferencedObjects.MOST) {
      rules.problems.add(
          "spec names %d different Secrets and ConfigMaps, %d at most: each is watched; keep several keys in one of them"
              .formatted(ReferencedObjects.count(environment), ReferencedObjects.MOST));
    }
    return rules.problems;
  }

  /** The domains; the dashboard's is required only if the dashboard is enabled. */
  private void domains(Domains domains, boolean dashboard) {
    if (domains == null) {
      missing("spec.domains");
      return;
    }
    hostName("spec.domains.app", domains.app());
    if (dashboard || domains.traefik() != null) {
      hostName("spec.domains.traefik", domains.traefik());
    }
    if (domains.grafana() != null) {
      hostName("spec.domains.grafana", domains.grafana());
      if (domains.grafana().equals(domains.app()) || domains.grafana().equals(domains.traefik())) {
        problems.add(
            "spec.domains: grafana has the host name of app or of traefik: Grafana needs a domain"
                + " of its own");
      }
    }
    if (domains.app() != null && domains.app().equals(domains.traefik())) {
      problems.add(
          "spec.domains: app and traefik are the same host name: the dashboard needs a domain of"
              + " its own");
    }
  }

  private void ingress(IngressSpec ingress) {
    if (ingress == null) {
      missing("spec.ingress");
      return;
    }
    size("spec.ingress.storage", ingress.storage());
    if (ingress.sharesController() != (ingress.shared() != null)) {
      problems.add("spec.ingress: " + IngressSpec.SHARED_MESSAGE);
    }
    if (ingress.shared() != null) {
      shared(ingress.shared());
    }
    if (ingress.sharesController() && ingress.access() != null) {
      problems.add("spec.ingress: " + IngressSpec.ACCESS_MESSAGE);
    }
    if (ingress.sharesController() && ingress.headers() != null) {
      problems.add("spec.ingress: " + IngressSpec.HEADERS_MESSAGE);
    }
    problems.addAll(IngressRules.problems(ingress));
    if (ingress.acme() == null) {
      if (!ingress.sharesController()) {
        missing("spec.ingress.acme");
      }
    } else {
      var acme = ingress.acme();
      matches(
          "spec.ingress.acme.email",
          acme.email(),
          IngressSpec.Acme.EMAIL_PATTERN,
          IngressSpec.Acme.EMAIL_MESSAGE);
      boolean custom = acme.server() == IngressSpec.Server.Custom;
      if (custom) {
        matches(
            "spec.ingress.acme.directory",
            acme.directory(),
            IngressSpec.Acme.DIRECTORY_PATTERN,
            IngressSpec.Acme.DIRECTORY_MESSAGE);
      } else if (acme.directory() != null || acme.caBundle() != null) {
        problems.add("spec.ingress.acme: directory and caBundle go with server: Custom only");
      }
      certificates(acme);
    }
    for (var address : ingress.addresses()) {
      matches(
          "spec.ingress.addresses",
          address,
          IngressSpec.ADDRESS_PATTERN,
          IngressSpec.ADDRESS_MESSAGE);
    }
    if (ingress.access() != null) {
      access(ingress.access());
    }
    problems.addAll(HeaderRules.problems(ingress.headers()));
    if (ingress.dashboardAuth() == null) {
      if (!ingress.sharesController()) {
        missing("spec.ingress.dashboardAuth");
      }
    } else {
      reference("spec.ingress.dashboardAuth.secretKeyRef", ingress.dashboardAuth().secretKeyRef());
    }
    if (ingress.acme() != null && ingress.acme().caBundle() != null) {
      reference(
          "spec.ingress.acme.caBundle.configMapKeyRef",
          ingress.acme().caBundle().configMapKeyRef());
    }
  }

  private void shared(SharedIngress shared) {
    matches(
        "spec.ingress.shared.className",
        shared.className(),
        SharedIngress.NAME_PATTERN,
        SharedIngress.NAME_MESSAGE);
    if (shared.sources() > 1) {
      problems.add("spec.ingress.shared: " + SharedIngress.ONE_MESSAGE);
    }
    if (shared.annotations().containsKey(SharedIngress.CLASS)) {
      problems.add("spec.ingress.shared.annotations: " + SharedIngress.CLASS_MESSAGE);
    }
    if (shared.tlsSecretRef() != null && shared.tlsSecretRef().name() == null) {
      missing("spec.ingress.shared.tlsSecretRef.name");
    }
  }

  private void access(AccessSpec access) {
    for (var network : access.allowFrom()) {
      matches(
          "spec.ingress.access.allowFrom",
          network,
          AccessSpec.NETWORK_PATTERN,
          AccessSpec.NETWORK_MESSAGE);
      if (network != null && network.contains(":") && !isAddress(network.split("/", 2)[0])) {
        problems.add(
            "spec.ingress.access.allowFrom: '%s' %s"
                .formatted(network, AccessSpec.NETWORK_MESSAGE));
      }
    }
    for (var path : access.openPaths()) {
      matches(
          "spec.ingress.access.openPaths", path, AccessSpec.PATH_PATTERN, AccessSpec.PATH_MESSAGE);
    }
    if (!access.openPaths().isEmpty() && !access.closed()) {
      problems.add("spec.ingress.access: " + AccessSpec.OPEN_MESSAGE);
    }
    if (access.basicAuth() != null) {
      reference("spec.ingress.access.basicAuth.secretKeyRef", access.basicAuth().secretKeyRef());
    }
  }

  private static boolean isAddress(String literal) {
    try {
      InetAddress.ofLiteral(literal);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** The first authority, and the interval between attempts. */
  private void certificates(IngressSpec.Acme acme) {
    var first = acme.first();
    if (first != null && first.server() == IngressSpec.Server.Custom) {
      matches(
          "spec.ingress.acme.first.directory",
          first.directory(),
          IngressSpec.Acme.DIRECTORY_PATTERN,
          IngressSpec.Acme.DIRECTORY_MESSAGE);
    } else if (first != null && (first.directory() != null || first.caBundle() != null)) {
      problems.add("spec.ingress.acme.first: directory and caBundle go with server: Custom only");
    }
    if (first != null && first.caBundle() != null) {
      reference(
          "spec.ingress.acme.first.caBundle.configMapKeyRef", first.caBundle().configMapKeyRef());
    }
    int before = problems.size();
    for (var interval : List.of(acme.retry().minInterval(), acme.retry().maxInterval())) {
      matches(
          "spec.ingress.acme.retry",
          interval,
          IngressSpec.Retry.INTERVAL_PATTERN,
          IngressSpec.Retry.INTERVAL_MESSAGE);
    }
    if (problems.size() == before
        && acme.server() != IngressSpec.Server.Custom
        && acme.retry().shortest().compareTo(IngressSpec.Retry.LEAST) < 0) {
      problems.add(
          "spec.ingress.acme.retry.minInterval is too short: 30m at least but for server: Custom");
    }
  }

  private void infrastructure(InfrastructureSpec infrastructure) {
    var minimum = infrastructure.capacity().minimum();
    matches(
        "spec.infrastructure.capacity.minimum.cpu",
        minimum.cpu(),
        InfrastructureSpec.Minimum.CPU_PATTERN,
        InfrastructureSpec.Minimum.CPU_MESSAGE);
    size("spec.infrastructure.capacity.minimum.memory", minimum.memory());
    size("spec.infrastructure.capacity.minimum.storage", minimum.storage());
    var resolver = infrastructure.dns().resolver();
    if (resolver != null) {
      matches(
          "spec.infrastructure.dns.resolver",
          resolver,
          InfrastructureSpec.Dns.RESOLVER_PATTERN,
          InfrastructureSpec.Dns.RESOLVER_MESSAGE);
    }
  }

  private void reference(String field, KeyRef reference) {
    if (reference == null || reference.name() == null || reference.key() == null) {
      missing(field);
    }
  }

  private void secrets(SecretsSpec secrets) {
    for (var source : secrets.from()) {
      if (source.secretRef() == null || source.secretRef().name() == null) {
        missing("spec.secrets.from[].secretRef.name");
      }
    }
    var seen = new HashSet<String>();
    for (var key : secrets.keys()) {
      matches(
          "spec.secrets.keys[" + key.name() + "].name",
          key.name(),
          SecretsSpec.Key.NAME_PATTERN,
          SecretsSpec.Key.NAME_MESSAGE);
      if (key.generate() != null && key.generate().length() == null) {
        missing("spec.secrets.keys[" + key.name() + "].generate.length");
      }
      if (key.generate() != null
          && key.generate().length() != null
          && key.minLength() != null
          && key.generate().length() < key.minLength()) {
        problems.add("spec.secrets.keys[%s]: %s".formatted(key.name(), SecretsSpec.Key.TOO_SHORT));
      }
      if (key.pattern() != null && !compiles(key.pattern())) {
        problems.add(
            "spec.secrets.keys[%s].pattern: '%s' is not a regular expression (RE2)"
                .formatted(key.name(), key.pattern()));
      }
      if (key.name().equals("GRAFANA_ADMIN_PASSWORD")
          && key.generate() != null
          && key.generate().rotation() > 0) {
        problems.add(
            "spec.secrets.keys[%s]: %s".formatted(key.name(), SecretsSpec.Key.NO_ROTATION));
      }
      if (!seen.add(key.name())) {
        problems.add("spec.secrets.keys: " + key.name() + " is listed twice");
      }
    }
  }

  private void services(StagingEnvironmentSpec spec) {
    if (spec.services() == null || spec.services().app() == null) {
      missing("spec.services.app");
      return;
    }
    var app = spec.services().app();
    if (app.image() != null) {
      matches("spec.services.app.image", app.image(), AppSpec.IMAGE_PATTERN, AppSpec.IMAGE_MESSAGE);
    } else if (spec.gitops() == null) {
      problems.add("spec: " + StagingEnvironmentSpec.IMAGE_MESSAGE);
    }
    problems.addAll(HealthRules.problems(app));
    if (app.migration() != null
        && app.migration().command().isEmpty()
        && app.migration().args().isEmpty()) {
      problems.add("spec.services.app.migration: " + AppSpec.Migration.SOMETHING);
    }
    if (app.migration() != null
        && app.migration().backup()
        && spec.services().postgres().backup() == null) {
      problems.add("spec.services: " + ServicesSpec.COPY_MESSAGE);
    }
    for (var volume : app.volumes()) {
      var field = "spec.services.app.volumes[" + volume.path() + "]";
      matches(
          field + ".path", volume.path(), AppSpec.Volume.PATH_PATTERN, AppSpec.Volume.PATH_MESSAGE);
      size(field + ".size", volume.size());
    }
    folders(app.volumes());
    for (var source : app.envFrom()) {
      if ((source.secretRef() == null) == (source.configMapRef() == null)) {
        problems.add("spec.services.app.envFrom[]: " + AppSpec.EnvSource.ONE);
      }
    }
    for (var variable : app.env()) {
      matches(
          "spec.services.app.env[" + variable.name() + "].name",
          variable.name(),
          SecretsSpec.Key.NAME_PATTERN,
          SecretsSpec.Key.NAME_MESSAGE);
    }
    var postgres = spec.services().postgres();
    size("spec.services.postgres.storage", postgres.storage());
    matches(
        "spec.services.postgres.version",
        postgres.version(),
        PostgresSpec.VERSION_PATTERN,
        PostgresSpec.VERSION_MESSAGE);
    matches(
        "spec.services.postgres.database",
        postgres.database(),
        PostgresSpec.NAME_PATTERN,
        PostgresSpec.NAME_MESSAGE);
    matches(
        "spec.services.postgres.user",
        postgres.user(),
        PostgresSpec.NAME_PATTERN,
        PostgresSpec.NAME_MESSAGE);
    var initSql = postgres.initSql();
    if (initSql != null
        && (initSql.configMapRef() == null || initSql.configMapRef().name() == null)) {
      missing("spec.services.postgres.initSql.configMapRef.name");
    }
    database(postgres);
    var redis = spec.services().redis();
    size("spec.services.redis.storage", redis.storage());
    matches(
        "spec.services.redis.version",
        redis.version(),
        RedisSpec.VERSION_PATTERN,
        RedisSpec.VERSION_MESSAGE);
    matches(
        "spec.services.redis.maxMemory",
        redis.maxMemory(),
        RedisSpec.MAX_MEMORY_PATTERN,
        RedisSpec.MAX_MEMORY_MESSAGE);
    ollama(spec.services().ollama());
  }

  /** Each path must be free and give its volume a unique name. */
  private void folders(List<AppSpec.Volume> volumes) {
    var names = new HashSet<String>();
    for (var volume : volumes) {
      var path = volume.path() == null ? "" : volume.path();
      var field = "spec.services.app.volumes[" + path + "].path";
      if (Pattern.matches(AppSpec.Volume.TAKEN_PATTERN, path)) {
        problems.add("%s: '%s' %s".formatted(field, path, AppSpec.Volume.TAKEN_MESSAGE));
      }
      if (path.length() > AppSpec.Volume.MAX_PATH) {
        problems.add(
            "%s has %d characters: %d at most, for a volume is named after it"
                .formatted(field, path.length(), AppSpec.Volume.MAX_PATH));
      }
      if (!path.isEmpty() && !names.add(new Names("").appVolume(path))) {
        problems.add("%s: %s".formatted(field, AppSpec.Volume.DISTINCT_MESSAGE));
      }
    }
  }

  private void ollama(OllamaSpec ollama) {
    if (ollama == null) {
      return;
    }
    var field = "spec.services.ollama.";
    size(field + "storage", ollama.storage());
    matches(
        field + "version",
        ollama.version(),
        OllamaSpec.VERSION_PATTERN,
        OllamaSpec.VERSION_MESSAGE);
    matches(
        field + "keepAlive",
        ollama.keepAlive(),
        OllamaSpec.KEEP_ALIVE_PATTERN,
        OllamaSpec.KEEP_ALIVE_MESSAGE);
    ollama
        .models()
        .forEach(model ->
            matches(field + "models", model, OllamaSpec.MODEL_PATTERN, OllamaSpec.MODEL_MESSAGE));
  }

  private void monitoring(StagingEnvironmentSpec spec) {
    if (spec.services() == null || spec.domains() == null) {
      return;
    }
    var app = spec.services().app();
    if (app != null && app.metrics() != null) {
      matches(
          "spec.services.app.metrics.path",
          app.metrics().path(),
          AppSpec.Metrics.PATH_PATTERN,
          AppSpec.Metrics.PATH_MESSAGE);
    }
    if (spec.grafana().isPresent() && spec.domains().grafana() == null) {
      problems.add("spec: " + MonitoringSpec.DOMAIN_MESSAGE);
    }
    spec.monitored()
        .ifPresent(monitoring -> {
          var field = "spec.services.monitoring.";
          var prometheus = monitoring.prometheus();
          size(field + "prometheus.storage", prometheus.storage());
          matches(
              field + "prometheus.version",
              prometheus.version(),
              MonitoringSpec.Prometheus.VERSION_PATTERN,
              MonitoringSpec.Prometheus.VERSION_MESSAGE);
          matches(
              field + "prometheus.retention",
              prometheus.retention(),
              MonitoringSpec.Prometheus.RETENTION_PATTERN,
              MonitoringSpec.Prometheus.RETENTION_MESSAGE);
          var grafana = monitoring.grafana();
          size(field + "grafana.storage", grafana.storage());
          matches(
              field + "grafana.version",
              grafana.version(),
              MonitoringSpec.Grafana.VERSION_PATTERN,
              MonitoringSpec.Grafana.VERSION_MESSAGE);
          matches(
              field + "grafana.adminUser",
              grafana.adminUser(),
              MonitoringSpec.Grafana.ADMIN_USER_PATTERN,
              MonitoringSpec.Grafana.ADMIN_USER_MESSAGE);
        });
  }

  private void validation(ValidationSpec validation) {
    var seen = new HashSet<String>();
    for (var check : validation.checks()) {
      var field = "spec.validation.checks[%s]".formatted(check.name());
      if (check.name() == null) {
        missing("spec.validation.checks[].name");
      }
      matches(
          field + ".path",
          check.path(),
          ValidationSpec.Check.PATH_PATTERN,
          ValidationSpec.Check.PATH_MESSAGE);
      if (!seen.add(String.valueOf(check.name()))) {
        problems.add(field + " is listed twice: every name may stand once");
      }
      for (var header : check.headers()) {
        if ((header.value() == null) == (header.secretKeyRef() == null)) {
          problems.add(field + ".headers: " + ValidationSpec.Header.ONE);
        }
      }
      for (var json : check.expect().json()) {
        if (json.pointer() == null || !json.pointer().startsWith("/")) {
          problems.add(field + ".expect.json: " + ValidationSpec.ExpectedJson.POINTER);
        }
      }
    }
    checkContainers(validation.containers());
  }

  private void checkContainers(List<ValidationSpec.Container> containers) {
    var seen = new HashSet<String>();
    for (var container : containers) {
      var field = "spec.validation.containers[%s]".formatted(container.name());
      if (container.name() == null) {
        missing("spec.validation.containers[].name");
      }
      if (!seen.add(String.valueOf(container.name()))) {
        problems.add(field + " is listed twice: every name may stand once");
      }
      matches(field + ".image", container.image(), AppSpec.IMAGE_PATTERN, AppSpec.IMAGE_MESSAGE);
      for (var variable : container.env()) {
        matches(
            field + ".env[" + variable.name() + "].name",
            variable.name(),
            SecretsSpec.Key.NAME_PATTERN,
            SecretsSpec.Key.NAME_MESSAGE);
        if ((variable.value() == null) == (variable.secretKeyRef() == null)) {
          problems.add(field + ".env[" + variable.name() + "]: " + ValidationSpec.Header.ONE);
        }
      }
    }
  }

  private static boolean compiles(String pattern) {
    try {
      com.google.re2j.Pattern.compile(pattern);
      return true;
    } catch (com.google.re2j.PatternSyntaxException e) {
      return false;
    }
  }

  private void database(PostgresSpec postgres) {
    var field = "spec.services.postgres.";
    if (!postgres.imageFitsVersion()) {
      problems.add("spec.services.postgres: " + PostgresSpec.IMAGE_MESSAGE);
    }
    var backup = postgres.backup();
    if (backup != null) {
      size(field + "backup.storage", backup.storage());
      matches(
          field + "backup.schedule",
          backup.schedule(),
          DatabaseBackup.SCHEDULE_PATTERN,
          DatabaseBackup.SCHEDULE_MESSAGE);
    }
    var restore = postgres.restore();
    if (restore != null) {
      matches(
          field + "restore.file",
          restore.file(),
          DatabaseRestore.FILE_PATTERN,
          DatabaseRestore.FILE_MESSAGE);
      if (restore.request() == null || restore.request().isBlank()) {
        missing(field + "restore.request");
      }
      if (backup == null) {
        problems.add("spec.services.postgres: " + PostgresSpec.RESTORE_MESSAGE);
      }
    }
    var seed = postgres.seed();
    if (seed != null && (seed.configMapRef() == null) == (seed.volume() == null)) {
      problems.add(field + "seed: " + DatabaseSeed.ONE_MESSAGE);
    } else if (seed != null && seed.volume() != null) {
      matches(
          field + "seed.volume.file",
          seed.volume().file(),
          DatabaseSeed.SeedVolume.FILE_PATTERN,
          DatabaseSeed.SeedVolume.FILE_MESSAGE);
      if (seed.volume().claimName() == null) {
        missing(field + "seed.volume.claimName");
      }
    } else if (seed != null && seed.configMapRef().name() == null) {
      missing(field + "seed.configMapRef.name");
    }
  }

  private void deadlines(StagingEnvironmentSpec spec) {
    if (spec.ingress() == null || spec.services() == null || spec.services().app() == null) {
      return;
    }
    ComponentName.requested(spec)
        .forEach((name, component) -> {
          int seconds = component.deadline();
          if (seconds < ComponentSpec.MIN_DEADLINE_SECONDS
              || seconds > ComponentSpec.MAX_DEADLINE_SECONDS) {
            problems.add(
                "deadlineSeconds of %s: %d is not between %d and %d"
                    .formatted(
                        name,
                        seconds,
                        ComponentSpec.MIN_DEADLINE_SECONDS,
                        ComponentSpec.MAX_DEADLINE_SECONDS));
          }
        });
  }

  private void size(String field, String value) {
    matches(field, value, Storage.PATTERN, Storage.MESSAGE);
  }

  private void hostName(String field, String value) {
    matches(
        field,
        value,
        Domains.HOST_NAME_PATTERN,
        Domains.HOST_NAME_MESSAGE + HostNames.asciiForm(value));
  }

  private void matches(String field, String value, String pattern, String message) {
    if (value == null || value.isBlank()) {
      missing(field);
    } else if (!Pattern.matches(pattern, value)) {
      problems.add("%s: '%s' %s".formatted(field, value, message));
    }
  }

  private void missing(String field) {
    problems.add(field + " is missing: see `kubectl explain stenv.spec`");
  }
}
