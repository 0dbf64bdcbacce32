package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.Toleration;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Traefik: entry points, certificates, dashboard; or another ingress controller. */
@ValidationRule(
    value = "self.mode == 'Shared' || has(self.acme)",
    message = IngressSpec.ACME_MESSAGE)
@ValidationRule(
    value = "self.mode == 'Shared' || has(self.dashboardAuth)",
    message = IngressSpec.DASHBOARD_MESSAGE)
@ValidationRule(
    value = "(self.mode == 'Shared') == has(self.shared)",
    message = IngressSpec.SHARED_MESSAGE)
@ValidationRule(
    value = "self.mode == 'Own' || !has(self.access)",
    message = IngressSpec.ACCESS_MESSAGE)
@ValidationRule(
    value = "self.mode == 'Own' || !has(self.headers)",
    message = IngressSpec.HEADERS_MESSAGE)
@ValidationRule(
    value = "self.mode == 'Own' || (!has(self.service) && !has(self.timeouts))",
    message = IngressSpec.OWN_MESSAGE)
@ValidationRule(
    value =
        "!has(self.service) || !has(self.service.externalTrafficPolicy) || !has(self.access) ||"
            + " !has(self.access.allowFrom) || self.access.allowFrom.size() == 0 ||"
            + " self.service.externalTrafficPolicy == 'Local'",
    message = IngressSpec.CLIENT_MESSAGE)
public record IngressSpec(
    @Default(DEFAULT_MODE)
        @JsonPropertyDescription(
            "Own: the environment runs its own Traefik. Shared: an existing ingress"
                + " controller serves it, and acme and dashboardAuth are not used.")
        Mode mode,
    @JsonPropertyDescription(
            "How certificates are obtained (ACME, RFC 8555). Required in mode Own.")
        Acme acme,
    @JsonPropertyDescription("Users of the Traefik dashboard. Required in mode Own.")
        DashboardAuth dashboardAuth,
    @Size(max = 512)
        @JsonPropertyDescription("Image of Traefik. Defaults to " + DEFAULT_IMAGE + ".")
        String image,
    @JsonPropertyDescription("Compute resources of the Traefik container.")
        ResourceRequirements resources,
    @Size(max = 10) @JsonPropertyDescription("Secrets used to pull the image.")
        List<LocalObjectReference> imagePullSecrets,
    @JsonPropertyDescription("Node labels that the pods require.")
        Map<String, @Size(max = 63) String> nodeSelector,
    @Size(max = 20) @JsonPropertyDescription("Tolerations of the pods.")
        List<Toleration> tolerations,
    @Default(DEFAULT_STORAGE)
        @Size(max = 20)
        @ValidationRule(value = Storage.RULE, message = Storage.MESSAGE)
        @JsonPropertyDescription("Size of the volume that stores the certificates.")
        String storage,
    @Size(max = 253)
        @JsonPropertyDescription(
            "StorageClass of the volume. Defaults to the cluster's default StorageClass.")
        String storageClassName,
    @Size(max = 16)
        @JsonPropertyDescription(
            "Public addresses to which the domains' records must point, for an environment"
                + " behind a NAT or an external load balancer. Defaults to the addresses of the"
                + " ingress Service.")
        @ValidationRule(
            value = "self.all(a, a.matches('" + ADDRESS_PATTERN + "'))",
            message = ADDRESS_MESSAGE)
        List<@Size(max = 45) String> addresses,
    @JsonPropertyDescription(
            "Access restrictions for the application's domain. Unrestricted when absent.")
        AccessSpec access,
    @JsonPropertyDescription(
            "Existing ingress controller that serves the environment in mode Shared.")
        SharedIngress shared,
    @Default("" + DEFAULT_DEADLINE_SECONDS)
        @Min(MIN_DEADLINE_SECONDS)
        @Max(MAX_DEADLINE_SECONDS)
        @JsonPropertyDescription(ComponentSpec.DEADLINE)
        Integer deadlineSeconds,
    @JsonPropertyDescription(
            "Headers that are set on every response from the application's domain. None"
                + " when absent.")
        HeadersSpec headers,
    @JsonPropertyDescription(
            "Settings of the ingress Service for the cluster's load balancer. Mode Own" + " only.")
        IngressService service,
    @JsonPropertyDescription("Timeouts for client connections. Mode Own only.")
        IngressTimeouts timeouts)
    implements ComponentSpec {

  public static final String DEFAULT_IMAGE = "traefik:v3.6.12";
  static final String ADDRESS_PATTERN =
      "^([0-9]{1,3}([.][0-9]{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F:.]*)$";
  static final String ADDRESS_MESSAGE =
      "holds what is no IP address: give ones like 203.0.113.10 or 2001:db8::10";
  public static final String ACME_MESSAGE =
      "acme is missing: mode Own orders certificates itself, give acme.email";
  public static final String DASHBOARD_MESSAGE =
      "dashboardAuth is missing: mode Own has a dashboard, name the Secret with its users";
  public static final String SHARED_MESSAGE =
      "shared (with the className of the controller) goes with mode: Shared, and only with it";
  public static final String ACCESS_MESSAGE =
      "access goes with mode: Own only: in mode Shared protect the domain by the annotations of the"
          + " class, in shared.annotations";
  public static final String HEADERS_MESSAGE =
      "headers goes with mode: Own only: in mode Shared set them by the annotations of the class, in"
          + " shared.annotations";
  public static final String OWN_MESSAGE =
      "service and timeouts go with mode: Own only: in mode Shared the Service and its limits are"
          + " those of the shared controller";
  public static final String CLIENT_MESSAGE =
      "service.externalTrafficPolicy: Cluster hides the addresses of clients, which"
          + " access.allowFrom needs: set it to Local, or leave one of the two out";
  static final String DEFAULT_MODE = "Own";
  static final String DEFAULT_STORAGE = "128Mi";

  public IngressSpec {
    deadlineSeconds = deadlineSeconds == null ? DEFAULT_DEADLINE_SECONDS : deadlineSeconds;
    mode = mode == null ? Mode.valueOf(DEFAULT_MODE) : mode;
    storage = storage == null ? DEFAULT_STORAGE : storage;
    addresses = addresses == null ? List.of() : List.copyOf(addresses);
  }

  /** Whether another ingress controller serves the environment. */
  @JsonIgnore
  public boolean sharesController() {
    return mode == Mode.Shared;
  }

  /** Settings of the Service; empty when not given. */
  @JsonIgnore
  public IngressService balancing() {
    return service == null ? new IngressService(null, null, null) : service;
  }

  /** How long Traefik waits for a client. */
  @JsonIgnore
  public IngressTimeouts patience() {
    return timeouts == null ? new IngressTimeouts(null, null, null) : timeouts;
  }

  /** Whether access.allowFrom needs the addresses of clients, and the Service would hide them. */
  @JsonIgnore
  public boolean hidesClients() {
    return access != null
        && !access.allowFrom().isEmpty()
        && balancing().externalTrafficPolicy() == IngressService.TrafficPolicy.Cluster;
  }

  @Override
  public String defaultImage() {
    return DEFAULT_IMAGE;
  }

  /** Which ingress controller serves the environment. */
  public enum Mode {
    Own,
    Shared
  }

  /** The certificate authority and the account. */
  @ValidationRule(
      value =
          "self.server == 'Custom' || !has(self.retry) || duration(self.retry.minInterval) >="
              + " duration('30m')",
      message = Acme.RETRY_MESSAGE)
  @ValidationRule(
      value = "(self.server == 'Custom') == has(self.directory)",
      message = Acme.DIRECTORY_ONLY_MESSAGE)
  @ValidationRule(
      value = "self.server == 'Custom' || !has(self.caBundle)",
      message = Acme.BUNDLE_MESSAGE)
  public record Acme(
      @Required
          @Size(max = 254)
          @ValidationRule(value = "self.matches('" + EMAIL_PATTERN + "')", message = EMAIL_MESSAGE)
          @JsonPropertyDescription(
              "E-mail address of the ACME account. The authority sends expiry warnings to it.")
          String email,
      @Default(DEFAULT_SERVER)
          @JsonPropertyDescription(
              "LetsEncrypt, LetsEncryptStaging (certificates that browsers do not trust,"
                  + " with high rate limits) or Custom.")
          Server server,
      @Size(max = 512)
          @ValidationRule(
              value = "self.matches('" + DIRECTORY_PATTERN + "')",
              message = DIRECTORY_MESSAGE)
          @JsonPropertyDescription("Directory URL of a Custom server.")
          String directory,
      @JsonPropertyDescription(
              "PEM certificates of the authority that signed a Custom server's certificate"
                  + " and the certificates it issues. Defaults to the system's trusted roots.")
          CaBundle caBundle,
      @JsonPropertyDescription(
              "Authority that must issue for every domain before certificates are requested"
                  + " from server. Configuration errors then do not count against the rate limits"
                  + " of server.")
          First first,
      @JsonPropertyDescription("When a failed certificate request is retried.") Retry retry) {

    static final String EMAIL_PATTERN = "^[^@ ]+@[^@ ]+[.][^@ .]+$";
    static final String EMAIL_MESSAGE = "is not an e-mail address: give one like ops@example.org";
    static final String DIRECTORY_PATTERN = "^https://[^ ]+$";
    static final String DIRECTORY_MESSAGE =
        "is not an https URL: give the ACME directory, for example https://ca.example.org/directory";
    public static final String DIRECTORY_ONLY_MESSAGE =
        "directory (the ACME directory URL) goes with server: Custom, and only with it";
    public static final String BUNDLE_MESSAGE = "caBundle goes with server: Custom only";
    public static final String RETRY_MESSAGE =
        "retry.minInterval is too short: requests to an authority with limits are at"
            + " least 30m apart; shorter goes with server: Custom only";
    static final String DEFAULT_SERVER = "LetsEncrypt";

    public Acme {
      server = server == null ? Server.valueOf(DEFAULT_SERVER) : server;
      retry = retry == null ? new Retry(null, null) : retry;
    }
  }

  /** The authority that must issue before the desired one is used. */
  @ValidationRule(
      value = "(self.server == 'Custom') == has(self.directory)",
      message = Acme.DIRECTORY_ONLY_MESSAGE)
  @ValidationRule(
      value = "self.server == 'Custom' || !has(self.caBundle)",
      message = Acme.BUNDLE_MESSAGE)
  public record First(
      @Default(DEFAULT_SERVER)
          @JsonPropertyDescription("LetsEncryptStaging, LetsEncrypt or Custom.")
          Server server,
      @Size(max = 512)
          @ValidationRule(
              value = "self.matches('" + Acme.DIRECTORY_PATTERN + "')",
              message = Acme.DIRECTORY_MESSAGE)
          @JsonPropertyDescription("Directory URL of a Custom server.")
          String directory,
      @JsonPropertyDescription(
              "PEM certificates of the authority that signed a Custom server's certificate"
                  + " and the certificates it issues.")
          CaBundle caBundle) {

    static final String DEFAULT_SERVER = "LetsEncryptStaging";

    public First {
      server = server == null ? Server.valueOf(DEFAULT_SERVER) : server;
    }
  }

  /** The time between attempts for one domain: it doubles from the first to the longest. */
  public record Retry(
      @Default(DEFAULT_MIN)
          @Size(max = 8)
          @ValidationRule(value = INTERVAL_RULE, message = INTERVAL_MESSAGE)
          @JsonPropertyDescription(
              "Pause after the first attempt. At least 30m, unless server is Custom.")
          String minInterval,
      @Default(DEFAULT_MAX)
          @Size(max = 8)
          @ValidationRule(value = INTERVAL_RULE, message = INTERVAL_MESSAGE)
          @JsonPropertyDescription("Longest pause between two attempts.")
          String maxInterval) {

    public static final String INTERVAL_PATTERN = "^[1-9][0-9]{0,4}[smh]$";
    static final String INTERVAL_MESSAGE =
        "is not a length of time: give whole seconds, minutes or hours, for example 30m";

    /** Below it, Let's Encrypt's limit of five failed orders for a name in an hour is at risk. */
    public static final Duration LEAST = Duration.ofMinutes(30);

    static final String DEFAULT_MIN = "30m";
    static final String DEFAULT_MAX = "4h";
    private static final String INTERVAL_RULE = "self.matches('" + INTERVAL_PATTERN + "')";

    public Retry {
      minInterval = minInterval == null ? DEFAULT_MIN : minInterval;
      maxInterval = maxInterval == null ? DEFAULT_MAX : maxInterval;
    }

    /** The time after the first attempt. */
    public Duration shortest() {
      return Duration.parse("PT" + minInterval.toUpperCase(Locale.ROOT));
    }

    /** The longest time between two attempts; never less than the shortest. */
    public Duration longest() {
      var longest = Duration.parse("PT" + maxInterval.toUpperCase(Locale.ROOT));
      return longest.compareTo(shortest()) < 0 ? shortest() : longest;
    }
  }

  /** A known or a given ACME server. */
  public enum Server {
    LetsEncrypt,
    LetsEncryptStaging,
    Custom
  }

  /** The source of PEM certificates. */
  public record CaBundle(
      @Required @JsonPropertyDescription("Key of a ConfigMap with the PEM certificates.")
          KeyRef configMapKeyRef) {}

  public record DashboardAuth(
      @Required
          @JsonPropertyDescription(
              "Key of a Secret with one user:hash per line (bcrypt, MD5 or SHA1, in the"
                  + " format of htpasswd). Doubled $ signs, as in a compose file, are accepted.")
          KeyRef secretKeyRef) {}
}
