package ru.scoliologic.staging.reconcile.validate;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.AccessSpec;
import ru.scoliologic.staging.api.AppSpec;
import ru.scoliologic.staging.api.AppSpec.Health;
import ru.scoliologic.staging.api.AppSpec.Volume;
import ru.scoliologic.staging.api.Build;
import ru.scoliologic.staging.api.DatabaseSeed;
import ru.scoliologic.staging.api.Domains;
import ru.scoliologic.staging.api.GitopsSpec;
import ru.scoliologic.staging.api.IngressService;
import ru.scoliologic.staging.api.IngressSpec;
import ru.scoliologic.staging.api.IngressSpec.Acme;
import ru.scoliologic.staging.api.IngressSpec.Retry;
import ru.scoliologic.staging.api.IngressSpec.Server;
import ru.scoliologic.staging.api.MonitoringSpec;
import ru.scoliologic.staging.api.NotificationSpec;
import ru.scoliologic.staging.api.NotificationSpec.Email;
import ru.scoliologic.staging.api.PostgresSpec;
import ru.scoliologic.staging.api.SecretsSpec;
import ru.scoliologic.staging.api.ServicesSpec;
import ru.scoliologic.staging.api.SharedIngress;
import ru.scoliologic.staging.api.StagingEnvironmentSpec;
import ru.scoliologic.staging.api.ValidationSpec;
import ru.scoliologic.staging.cluster.kube.Names;

/**
 * The rules of the schema across fields, each at the record that has it as an annotation and with
 * its message, and the few rules that CEL cannot express.
 */
final class CrossFieldRules {
  private static final Pattern HOST_NAME = Pattern.compile(Domains.HOST_NAME_PATTERN);
  private static final Pattern INTERVAL = Pattern.compile(Retry.INTERVAL_PATTERN);
  private static final Pattern NETWORK = Pattern.compile(AccessSpec.NETWORK_PATTERN);

  private final String path;
  private final Consumer<String> problems;

  private CrossFieldRules(String path, Consumer<String> problems) {
    this.path = path;
    this.problems = problems;
  }

  /** Checks one record at its path; the records inside it are not looked at. */
  static void check(String path, Record part, Consumer<String> problems) {
    new CrossFieldRules(path, problems).check(part);
  }

  private void check(Record part) {
    switch (part) {
      case StagingEnvironmentSpec spec -> spec(spec);
      case Domains domains -> domains(domains);
      case IngressSpec ingress -> ingress(ingress);
      case Acme acme -> acme(acme);
      case IngressSpec.First first ->
          authority(first.server(), first.directory(), first.caBundle());
      case IngressService service ->
          refuse(
              service.annotations().keySet().stream()
                  .anyMatch(key -> key.startsWith(IngressService.OWN_PREFIX)),
              IngressService.OWN_MESSAGE);
      case SharedIngress shared -> {
        refuse(shared.sources() > 1, SharedIngress.ONE_MESSAGE);
        refuse(shared.annotations().containsKey(SharedIngress.CLASS), SharedIngress.CLASS_MESSAGE);
      }
      case SharedIngress.SecretName secret -> secretName(secret.name());
      case AccessSpec access -> access(access);
      case SecretsSpec.Key key -> key(key);
      case ServicesSpec services -> refuse(copiesToNowhere(services), ServicesSpec.COPY_MESSAGE);
      case AppSpec app -> app(app);
      case Health health -> health(health);
      case AppSpec.Migration job ->
          refuse(job.command().isEmpty() && job.args().isEmpty(), AppSpec.Migration.SOMETHING);
      case AppSpec.EnvSource source ->
          refuse(notOne(source.secretRef(), source.configMapRef()), AppSpec.EnvSource.ONE);
      case PostgresSpec postgres -> {
        refuse(
            postgres.restore() != null && postgres.backup() == null, PostgresSpec.RESTORE_MESSAGE);
        refuse(!postgres.imageFitsVersion(), PostgresSpec.IMAGE_MESSAGE);
      }
      case DatabaseSeed seed ->
          refuse(notOne(seed.configMapRef(), seed.volume()), DatabaseSeed.ONE_MESSAGE);
      case GitopsSpec gitops ->
          refuse(
              gitops.build().engine().host() != null && gitops.ownRegistry(),
              GitopsSpec.HOST_NEEDS_REGISTRY);
      case Build.Engine engine ->
          refuse(engine.host() == null && engine.tls() != null, Build.Engine.TLS_MESSAGE);
      case NotificationSpec to ->
          refusePart(
              notOne(to.slack(), to.telegram(), to.email(), to.webhook()),
              NotificationSpec.ONE_MESSAGE);
      case Email email ->
          refusePart(
              email.credentials() != null && email.encryption() == Email.Encryption.None,
              Email.CLEAR_MESSAGE);
      case NotificationSpec.Webhook webhook ->
          refusePart(
              notOne(webhook.url(), webhook.urlSecretKeyRef()),
              NotificationSpec.Webhook.ONE_MESSAGE);
      case ValidationSpec.Header header ->
          refuse(notOne(header.value(), header.secretKeyRef()), ValidationSpec.Header.ONE);
      case ValidationSpec.Variable variable ->
          refuse(notOne(variable.value(), variable.secretKeyRef()), ValidationSpec.Header.ONE);
      default -> {}
    }
  }

  private void spec(StagingEnvironmentSpec spec) {
    if (spec.domains() == null || spec.services() == null) {
      return;
    }
    refuse(
        spec.grafana().isPresent() && spec.domains().grafana() == null,
        MonitoringSpec.DOMAIN_MESSAGE);
    refuse(
        spec.services().app() != null
            && spec.services().app().image() == null
            && spec.gitops() == null,
        StagingEnvironmentSpec.IMAGE_MESSAGE);
    refuse(
        spec.ingress() != null
            && !spec.ingress().sharesController()
            && spec.domains().traefik() == null,
        StagingEnvironmentSpec.TRAEFIK_MESSAGE);
  }

  private void domains(Domains domains) {
    hostName(".app", domains.app());
    hostName(".traefik", domains.traefik());
    hostName(".grafana", domains.grafana());
    refuse(equal(domains.app(), domains.traefik()), Domains.TRAEFIK_MESSAGE);
    refuse(
        equal(domains.grafana(), domains.app()) || equal(domains.grafana(), domains.traefik()),
        Domains.GRAFANA_MESSAGE);
  }

  /** The schema leaves names of other letters to this rule, which knows their ASCII form. */
  private void hostName(String field, String name) {
    if (name != null && name.isBlank()) {
      problems.accept(path + field + SchemaRules.MISSING);
    } else if (name != null && !HOST_NAME.matches(name)) {
      problems.accept(
          "%s%s: '%s' %s%s"
              .formatted(path, field, name, Domains.HOST_NAME_MESSAGE, HostNames.asciiForm(name)));
    }
  }

  private void ingress(IngressSpec ingress) {
    boolean shared = ingress.sharesController();
    refuse(!shared && ingress.acme() == null, IngressSpec.ACME_MESSAGE);
    refuse(!shared && ingress.dashboardAuth() == null, IngressSpec.DASHBOARD_MESSAGE);
    refuse(shared != (ingress.shared() != null), IngressSpec.SHARED_MESSAGE);
    refuse(shared && ingress.access() != null, IngressSpec.ACCESS_MESSAGE);
    refuse(shared && ingress.headers() != null, IngressSpec.HEADERS_MESSAGE);
    refuse(
        shared && (ingress.service() != null || ingress.timeouts() != null),
        IngressSpec.OWN_MESSAGE);
    refuse(ingress.hidesClients(), IngressSpec.CLIENT_MESSAGE);
  }

  private void acme(Acme acme) {
    authority(acme.server(), acme.directory(), acme.caBundle());
    refuse(
        acme.server() != Server.Custom
            && INTERVAL.matches(acme.retry().minInterval())
            && acme.retry().shortest().compareTo(Retry.LEAST) < 0,
        Acme.RETRY_MESSAGE);
  }

  private void authority(Server server, String directory, IngressSpec.CaBundle bundle) {
    boolean custom = server == Server.Custom;
    refuse(custom != (directory != null), Acme.DIRECTORY_ONLY_MESSAGE);
    refuse(!custom && bundle != null, Acme.BUNDLE_MESSAGE);
  }

  /** The schema allows an empty name. */
  private void secretName(String name) {
    if (name != null && name.isBlank()) {
      problems.accept(path + ".name" + SchemaRules.MISSING);
    }
  }

  private void access(AccessSpec access) {
    refuse(!access.openPaths().isEmpty() && !access.closed(), AccessSpec.OPEN_MESSAGE);
    access.allowFrom().stream()
        .filter(network -> network.contains(":") && NETWORK.matches(network))
        .filter(network -> !isAddress(network.split("/", 2)[0]))
        .forEach(network ->
            problems.accept(
                "%s.allowFrom: '%s' %s".formatted(path, network, AccessSpec.NETWORK_MESSAGE)));
  }

  /** Whether an IPv6 address has the right number of groups, which no pattern can check. */
  private static boolean isAddress(String literal) {
    try {
      InetAddress.ofLiteral(literal);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private void key(SecretsSpec.Key key) {
    var generate = key.generate();
    refuse(
        generate != null
            && generate.length() != null
            && key.minLength() != null
            && generate.length() < key.minLength(),
        SecretsSpec.Key.TOO_SHORT);
    refuse(
        "GRAFANA_ADMIN_PASSWORD".equals(key.name()) && generate != null && generate.rotation() > 0,
        SecretsSpec.Key.NO_ROTATION);
    if (key.pattern() != null && !isRegularExpression(key.pattern())) {
      problems.accept(
          "%s.pattern: '%s' is not a regular expression (RE2)".formatted(path, key.pattern()));
    }
  }

  private static boolean isRegularExpression(String pattern) {
    try {
      var _ = Pattern.compile(pattern);
      return true;
    } catch (PatternSyntaxException e) {
      return false;
    }
  }

  private static boolean copiesToNowhere(ServicesSpec services) {
    var app = services.app();
    return app != null
        && app.migration() != null
        && app.migration().backup()
        && services.postgres().backup() == null;
  }

  private void app(AppSpec app) {
    refuse(
        app.deadlineSeconds() != null && app.deadlineSeconds() < app.startSeconds(),
        AppSpec.DEADLINE_MESSAGE);
    volumeNames(app.volumes());
  }

  /** Each path must give its volume a name of its own. */
  private void volumeNames(List<Volume> volumes) {
    var names = new HashSet<String>();
    volumes.stream()
        .map(Volume::path)
        .filter(folder -> folder != null && !folder.isBlank())
        .filter(folder -> !names.add(new Names("").appVolume(folder)))
        .forEach(folder ->
            problems.accept(
                "%s.volumes[%s].path: %s".formatted(path, folder, Volume.DISTINCT_MESSAGE)));
  }

  private void health(Health health) {
    // An older schema stored a default path where none was given.
    boolean asksHttp =
        (health.path() != null && !health.path().equals(Health.DEFAULT_PATH))
            || health.headers() != null
            || health.status() != null;
    refuse(!health.byHttp() && asksHttp, Health.HTTP_MESSAGE);
    refuse(
        health.command() != null && (health.port() != null || Boolean.TRUE.equals(health.tcp())),
        Health.COMMAND_MESSAGE);
  }

  private static boolean notOne(Object... choices) {
    return Stream.of(choices).filter(Objects::nonNull).count() != 1;
  }

  private static boolean equal(String one, String other) {
    return one != null && one.equals(other);
  }

  private void refuse(boolean wrong, String message) {
    if (wrong) {
      problems.accept(path + ": " + message);
    }
  }

  /** For a message whose subject is the part itself. */
  private void refusePart(boolean wrong, String message) {
    if (wrong) {
      problems.accept(path + " " + message);
    }
  }
}
