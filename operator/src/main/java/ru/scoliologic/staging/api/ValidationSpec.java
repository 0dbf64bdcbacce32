package ru.scoliologic.staging.api;

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
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Checks besides those that hold for any environment. */
public record ValidationSpec(
    @Size(max = 100)
        @ValidationRule(
            value = "self.all(c, self.exists_one(o, o.name == c.name))",
            message = "a check is listed twice: every name may stand once")
        @JsonPropertyDescription(
            "HTTP requests to the application through the ingress. Checks of one group run"
                + " in order and share cookies. Groups run in parallel.")
        List<Check> checks,
    @Size(max = 50)
        @ValidationRule(
            value = "self.all(c, self.exists_one(o, o.name == c.name))",
            message = "a check is listed twice: every name may stand once")
        @JsonPropertyDescription(
            "Manual checks. A person gives the verdict in spec.verdicts of the release.")
        List<Manual> manual,
    @Default("" + DEFAULT_PERIOD)
        @Min(30)
        @Max(86400)
        @JsonPropertyDescription("Seconds between two rounds of checks while all of them pass.")
        Integer periodSeconds,
    @Default("" + DEFAULT_FRONT_PAGE)
        @Min(100)
        @Max(60000)
        @JsonPropertyDescription("Milliseconds in which the front page must respond.")
        Integer frontPageMillis,
    @Size(max = 10)
        @ValidationRule(
            value = "self.all(c, self.exists_one(o, o.name == c.name))",
            message = "a check is listed twice: every name may stand once")
        @JsonPropertyDescription(
            "Containers that check the environment from outside. Each runs as a Job once"
                + " no critical check of the other kinds fails.")
        List<Container> containers) {

  static final int DEFAULT_PERIOD = 300;
  static final int DEFAULT_FRONT_PAGE = 3000;
  static final String DEFAULT_GROUP = "general";
  static final String DEFAULT_PRIORITY = "Important";
  static final ValidationSpec DEFAULTS = new ValidationSpec(null, null, null, null, null);

  public ValidationSpec {
    checks = checks == null ? List.of() : List.copyOf(checks);
    manual = manual == null ? List.of() : List.copyOf(manual);
    periodSeconds = periodSeconds == null ? DEFAULT_PERIOD : periodSeconds;
    frontPageMillis = frontPageMillis == null ? DEFAULT_FRONT_PAGE : frontPageMillis;
    containers = containers == null ? List.of() : List.copyOf(containers);
  }

  /** The same, without expectations about the given response headers; names in any case. */
  public ValidationSpec expectingNoneOf(Set<String> headers) {
    return new ValidationSpec(
        checks.stream().map(check -> check.expectingNoneOf(headers)).toList(),
        manual,
        periodSeconds,
        frontPageMillis,
        containers);
  }

  /** How much a failed check weighs: one Critical fails the round, the others are remarks. */
  public enum Priority {
    Critical,
    Important,
    Minor
  }

  /** One request and the expected response. */
  public record Check(
      @Required
          @Size(min = 1, max = 100)
          @JsonPropertyDescription("Name of the check in the report.")
          String name,
      @Default(DEFAULT_GROUP)
          @Size(min = 1, max = 63)
          @JsonPropertyDescription(
              "Group of the check. Checks of one group run in order and share cookies.")
          String group,
      @Default(DEFAULT_PRIORITY)
          @JsonPropertyDescription(
              "Priority of the check. A failed Critical one fails the round, others are"
                  + " remarks.")
          Priority priority,
      @Default("GET") @JsonPropertyDescription("HTTP method of the request.") Method method,
      @Required
          @Size(min = 1, max = 2000)
          @ValidationRule(value = "self.matches('" + PATH_PATTERN + "')", message = PATH_MESSAGE)
          @JsonPropertyDescription(
              "Path and query of the request, percent-encoded. Not for secrets: they are"
                  + " visible in access logs.")
          String path,
      @Size(max = 20) @JsonPropertyDescription("Headers of the request.") List<Header> headers,
      @Size(max = 10000)
          @JsonPropertyDescription(
              "Body of the request. $(NAME) is replaced as in services.app.env. $(NAME:json)"
                  + " is escaped for a JSON string, $(NAME:url) is percent-encoded, and $$ is a"
                  + " dollar sign.")
          String body,
      @JsonPropertyDescription("Expected response. Defaults to status 200.") Expect expect) {
    static final String PATH_PATTERN =
        "^/([A-Za-z0-9._~!$&()*+,;=:@/?-]|%[0-9A-Fa-f][0-9A-Fa-f])*$";
    static final String PATH_MESSAGE =
        "is not a path of a URL: give one like /search?q=a%20b, with spaces and other characters"
            + " percent-encoded";

    public Check {
      group = group == null ? DEFAULT_GROUP : group;
      priority = priority == null ? Priority.valueOf(DEFAULT_PRIORITY) : priority;
      method = method == null ? Method.GET : method;
      headers = headers == null ? List.of() : List.copyOf(headers);
      expect = expect == null ? new Expect(null, null, null, null, null, null, null) : expect;
    }

    private Check expectingNoneOf(Set<String> unexpected) {
      var rest =
          expect.headers().stream()
              .filter(header -> unexpected.stream().noneMatch(header.name()::equalsIgnoreCase))
              .toList();
      return new Check(
          name,
          group,
          priority,
          method,
          path,
          headers,
          body,
          new Expect(
              expect.status(),
              rest,
              expect.contains(),
              expect.lacks(),
              expect.json(),
              expect.redirect(),
              expect.maxMillis()));
    }
  }

  public enum Method {
    GET,
    HEAD,
    POST,
    PUT,
    PATCH,
    DELETE
  }

  /** One header of a request. */
  @ValidationRule(value = "has(self.value) != has(self.secretKeyRef)", message = Header.ONE)
  public record Header(
      @Required @Size(min = 1, max = 100) @JsonPropertyDescription("Name of the header.")
          String name,
      @Size(max = 2000)
          @JsonPropertyDescription(
              "Value of the header. $(NAME) is replaced as in the body of a check.")
          String value,
      @JsonPropertyDescription("Key of a Secret with the value. It is never shown.")
          KeyRef secretKeyRef) {
    public static final String ONE = "give either value or secretKeyRef";
  }

  /** One container that checks the environment. */
  public record Container(
      @Required
          @Size(min = 1, max = 100)
          @JsonPropertyDescription("Name of the check in the report.")
          String name,
      @Default(DEFAULT_GROUP)
          @Size(min = 1, max = 63)
          @JsonPropertyDescription("Group of the check in the report.")
          String group,
      @Default(DEFAULT_PRIORITY)
          @JsonPropertyDescription(
              "Priority of the check. A failed Critical one fails the round, others are"
                  + " remarks.")
          Priority priority,
      @Required
          @Size(min = 1, max = 512)
          @ValidationRule(
              value = "self.matches('" + AppSpec.IMAGE_PATTERN + "')",
              message = AppSpec.IMAGE_MESSAGE)
          @JsonPropertyDescription("Image of the container.")
          String image,
      @Size(max = 50)
          @JsonPropertyDescription(
              "Command that replaces the image's entry point. $(NAME) is replaced by a"
                  + " variable of the container, as in any pod.")
          List<@Size(max = 4000) String> command,
      @Size(max = 50)
          @JsonPropertyDescription("Arguments of the command. They replace the image's CMD.")
          List<@Size(max = 4000) String> args,
      @Size(max = 50)
          @JsonPropertyDescription(
              "Environment variables, in addition to APP_URL, DOMAIN_APP, DOMAIN_TRAEFIK,"
                  + " INGRESS_ADDRESS, APP_IMAGE and, if a private authority issues the"
                  + " certificates, CA_FILE, SSL_CERT_FILE and NODE_EXTRA_CA_CERTS. On a protected"
                  + " domain CHECK_TOKEN is the value of the header X-Staging-Check that lets a"
                  + " request through.")
          List<Variable> env,
      @Default("" + DEFAULT_TIMEOUT)
          @Min(5)
          @Max(7200)
          @JsonPropertyDescription(
              "Seconds that the container may run. After that it is stopped and has failed.")
          Integer timeoutSeconds,
      @Default("" + DEFAULT_CONTAINER_PERIOD)
          @Min(60)
          @Max(604800)
          @JsonPropertyDescription(
              "Seconds between two runs when nothing has changed. At most 300 after a"
                  + " Critical one failed.")
          Integer periodSeconds,
      @Default("ExitCode")
          @JsonPropertyDescription(
              "How the result is determined. ExitCode: 0 is passed. JUnit: the last JUnit"
                  + " XML document in the container's log; each test case is a line of the report.")
          ResultKind result,
      @Default("" + AppSpec.DEFAULT_UID)
          @Min(1)
          @Max(2147483647)
          @JsonPropertyDescription("User id and group id of the process. Root is not allowed.")
          Long runAsUser,
      @JsonPropertyDescription("Compute resources of the container.")
          ResourceRequirements resources,
      @Size(max = 10) @JsonPropertyDescription("Secrets used to pull the image.")
          List<LocalObjectReference> imagePullSecrets,
      @JsonPropertyDescription("Node labels that the pod requires.")
          Map<String, @Size(max = 63) String> nodeSelector,
      @Size(max = 20) @JsonPropertyDescription("Tolerations of the pod.")
          List<Toleration> tolerations)
      implements ComponentSpec {
    static final int DEFAULT_TIMEOUT = 600;
    static final int DEFAULT_CONTAINER_PERIOD = 3600;

    public Container {
      group = group == null ? DEFAULT_GROUP : group;
      priority = priority == null ? Priority.valueOf(DEFAULT_PRIORITY) : priority;
      command = command == null ? List.of() : List.copyOf(command);
      args = args == null ? List.of() : List.copyOf(args);
      env = env == null ? List.of() : List.copyOf(env);
      timeoutSeconds = timeoutSeconds == null ? DEFAULT_TIMEOUT : timeoutSeconds;
      periodSeconds = periodSeconds == null ? DEFAULT_CONTAINER_PERIOD : periodSeconds;
      result = result == null ? ResultKind.ExitCode : result;
      runAsUser = runAsUser == null ? AppSpec.DEFAULT_UID : runAsUser;
    }

    /** A check has no default image: the spec always gives one. */
    @Override
    public String defaultImage() {
      return image;
    }
  }

  /** How the result of a container is determined. */
  public enum ResultKind {
    ExitCode,
    JUnit
  }

  /** One environment variable of a container. */
  @ValidationRule(value = "has(self.value) != has(self.secretKeyRef)", message = Header.ONE)
  public record Variable(
      @Required
          @Size(min = 1, max = 100)
          @ValidationRule(
              value = "self.matches('" + SecretsSpec.Key.NAME_PATTERN + "')",
              message = SecretsSpec.Key.NAME_MESSAGE)
          @JsonPropertyDescription("Name of the variable.")
          String name,
      @Size(max = 4096) @JsonPropertyDescription("Value of the variable.") String value,
      @JsonPropertyDescription("Key of a Secret with the value. It is never shown.")
          KeyRef secretKeyRef) {}

  /** Expectations about a response; absent ones are not checked. */
  public record Expect(
      @Size(max = 10) @JsonPropertyDescription("Accepted status codes. Defaults to 200.")
          List<@Min(100) @Max(599) Integer> status,
      @Size(max = 20) @JsonPropertyDescription("Headers that the response must have.")
          List<ExpectedHeader> headers,
      @Size(max = 2000) @JsonPropertyDescription("Text that the body must contain.")
          String contains,
      @Size(max = 2000) @JsonPropertyDescription("Text that the body must not contain.")
          String lacks,
      @Size(max = 20) @JsonPropertyDescription("Values in a JSON body.") List<ExpectedJson> json,
      @Size(max = 2000)
          @JsonPropertyDescription("Text that the Location header of a redirect must contain.")
          String redirect,
      @Min(1)
          @Max(60000)
          @JsonPropertyDescription("Milliseconds in which the response must arrive.")
          Integer maxMillis) {
    public Expect {
      status = status == null || status.isEmpty() ? List.of(200) : List.copyOf(status);
      headers = headers == null ? List.of() : List.copyOf(headers);
      json = json == null ? List.of() : List.copyOf(json);
    }
  }

  /** A response header; without a text it only has to be present. */
  public record ExpectedHeader(
      @Required @Size(min = 1, max = 100) @JsonPropertyDescription("Name of the header.")
          String name,
      @Size(max = 500) @JsonPropertyDescription("Text that the value must contain.")
          String contains) {}

  /** A value in a JSON body; without a text it only has to be present. */
  public record ExpectedJson(
      @Required
          @Size(min = 1, max = 200)
          @ValidationRule(value = "self.startsWith('/')", message = POINTER)
          @JsonPropertyDescription("JSON Pointer (RFC 6901), for example /status or /items/0/name.")
          String pointer,
      @Size(max = 500) @JsonPropertyDescription("Expected value as text.") String equalTo) {
    static final String POINTER = "is not a JSON Pointer: give one like /status";
  }

  /** One check that a person must make. */
  public record Manual(
      @Required
          @Size(min = 1, max = 100)
          @JsonPropertyDescription("Name of the check in the report.")
          String name,
      @Default(DEFAULT_GROUP)
          @Size(min = 1, max = 63)
          @JsonPropertyDescription("Group of the check in the report.")
          String group,
      @Default(DEFAULT_PRIORITY)
          @JsonPropertyDescription(
              "Priority of the check. A failed Critical one fails the round, others are"
                  + " remarks.")
          Priority priority,
      @Required @Size(max = 1000) @JsonPropertyDescription("What to do, and what must be visible.")
          String what) {
    public Manual {
      group = group == null ? DEFAULT_GROUP : group;
      priority = priority == null ? Priority.valueOf(DEFAULT_PRIORITY) : priority;
    }
  }
}
