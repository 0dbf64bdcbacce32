package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;

/** What is checked beside what holds for any environment. */
public record ValidationSpec(
    @Size(max = 100)
        @ValidationRule(
            value = "self.all(c, self.exists_one(o, o.name == c.name))",
            message = "a check is listed twice: every name may stand once")
        @JsonPropertyDescription(
            "Requests to the application through the ingress. Checks of one group run in order and"
                + " share their cookies; groups run side by side.")
        List<Check> checks,
    @Size(max = 50)
        @ValidationRule(
            value = "self.all(c, self.exists_one(o, o.name == c.name))",
            message = "a check is listed twice: every name may stand once")
        @JsonPropertyDescription(
            "What a person must see; the verdict is given in spec.verdicts of the release.")
        List<Manual> manual,
    @Default("" + DEFAULT_PERIOD)
        @Min(30)
        @Max(86400)
        @JsonPropertyDescription("Seconds between two rounds of checks while all is well.")
        Integer periodSeconds,
    @Default("" + DEFAULT_FRONT_PAGE)
        @Min(100)
        @Max(60000)
        @JsonPropertyDescription("Milliseconds in which the front page is to answer.")
        Integer frontPageMillis) {

  static final int DEFAULT_PERIOD = 300;
  static final int DEFAULT_FRONT_PAGE = 3000;
  static final String DEFAULT_GROUP = "general";
  static final String DEFAULT_PRIORITY = "Important";
  static final ValidationSpec DEFAULTS = new ValidationSpec(null, null, null, null);

  public ValidationSpec {
    checks = checks == null ? List.of() : List.copyOf(checks);
    manual = manual == null ? List.of() : List.copyOf(manual);
    periodSeconds = periodSeconds == null ? DEFAULT_PERIOD : periodSeconds;
    frontPageMillis = frontPageMillis == null ? DEFAULT_FRONT_PAGE : frontPageMillis;
  }

  /** How much a failed check weighs: one Critical fails the round, the others are remarks. */
  public enum Priority {
    Critical,
    Important,
    Minor
  }

  /** One request and what is expected of the answer. */
  public record Check(
      @Required @Size(min = 1, max = 100) @JsonPropertyDescription("Name, as the report has it.")
          String name,
      @Default(DEFAULT_GROUP)
          @Size(min = 1, max = 63)
          @JsonPropertyDescription("Group whose checks run in order and share cookies.")
          String group,
      @Default(DEFAULT_PRIORITY) @JsonPropertyDescription("How much it weighs.") Priority priority,
      @Default("GET") @JsonPropertyDescription("Method of the request.") Method method,
      @Required
          @Size(min = 1, max = 2000)
          @ValidationRule(value = "self.startsWith('/')", message = "must start with '/'")
          @JsonPropertyDescription("Path and query of the request.")
          String path,
      @Size(max = 20) @JsonPropertyDescription("Headers of the request.") List<Header> headers,
      @Size(max = 10000) @JsonPropertyDescription("Body of the request.") String body,
      @JsonPropertyDescription("What is expected of the answer; status 200 when absent.")
          Expect expect) {
    public Check {
      group = group == null ? DEFAULT_GROUP : group;
      priority = priority == null ? Priority.valueOf(DEFAULT_PRIORITY) : priority;
      method = method == null ? Method.GET : method;
      headers = headers == null ? List.of() : List.copyOf(headers);
      expect = expect == null ? new Expect(null, null, null, null, null, null, null) : expect;
    }
  }

  /** Method of a request. */
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
      @Size(max = 2000) @JsonPropertyDescription("Its value.") String value,
      @JsonPropertyDescription("Key of a Secret that holds its value; it is never shown.")
          KeyRef secretKeyRef) {
    public static final String ONE = "give either value or secretKeyRef";
  }

  /** What an answer is to be like; what is absent is not looked at. */
  public record Expect(
      @Size(max = 10) @JsonPropertyDescription("Status codes that are well; 200 when absent.")
          List<@Min(100) @Max(599) Integer> status,
      @Size(max = 20) @JsonPropertyDescription("Headers the answer must have.")
          List<ExpectedHeader> headers,
      @Size(max = 2000) @JsonPropertyDescription("Text the body must contain.") String contains,
      @Size(max = 2000) @JsonPropertyDescription("Text the body must not contain.") String lacks,
      @Size(max = 20) @JsonPropertyDescription("Values in a JSON body.") List<ExpectedJson> json,
      @Size(max = 2000) @JsonPropertyDescription("Text the target of the redirect must contain.")
          String redirect,
      @Min(1) @Max(60000) @JsonPropertyDescription("Milliseconds the answer may take.")
          Integer maxMillis) {
    public Expect {
      status = status == null || status.isEmpty() ? List.of(200) : List.copyOf(status);
      headers = headers == null ? List.of() : List.copyOf(headers);
      json = json == null ? List.of() : List.copyOf(json);
    }
  }

  /** A header of the answer; present is enough when no text is given. */
  public record ExpectedHeader(
      @Required @Size(min = 1, max = 100) @JsonPropertyDescription("Name of the header.")
          String name,
      @Size(max = 500) @JsonPropertyDescription("Text it must contain.") String contains) {}

  /** A value in a JSON body; present is enough when no text is given. */
  public record ExpectedJson(
      @Required
          @Size(min = 1, max = 200)
          @ValidationRule(value = "self.startsWith('/')", message = POINTER)
          @JsonPropertyDescription("JSON Pointer (RFC 6901), for example /status.")
          String pointer,
      @Size(max = 500) @JsonPropertyDescription("Its value as text.") String equalTo) {
    public static final String POINTER = "is not a JSON Pointer: give one like /status";
  }

  /** One check that a person must make. */
  public record Manual(
      @Required @Size(min = 1, max = 100) @JsonPropertyDescription("Name, as the report has it.")
          String name,
      @Default(DEFAULT_GROUP) @Size(min = 1, max = 63) @JsonPropertyDescription("Group.")
          String group,
      @Default(DEFAULT_PRIORITY) @JsonPropertyDescription("How much it weighs.") Priority priority,
      @Required @Size(max = 1000) @JsonPropertyDescription("What to do and what must be seen.")
          String what) {
    public Manual {
      group = group == null ? DEFAULT_GROUP : group;
      priority = priority == null ? Priority.valueOf(DEFAULT_PRIORITY) : priority;
    }
  }
}
