package ru.scoliologic.staging.validation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.hc.client5.http.cookie.BasicCookieStore;
import org.apache.hc.client5.http.cookie.Cookie;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.cookie.BasicClientCookie;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.StringEntity;
import org.apache.hc.core5.http.io.support.ClassicRequestBuilder;
import ru.scoliologic.staging.api.KeyRef;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.ValidationSpec.Check;
import ru.scoliologic.staging.api.ValidationSpec.Expect;
import ru.scoliologic.staging.api.ValidationSpec.ExpectedJson;
import ru.scoliologic.staging.cluster.masking.SecretMasker;

/** Runs the checks that a spec declares: each group in order, with the cookies it received. */
final class DeclaredChecks {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Bytes of a body that are examined. */
  private static final int MAX_BODY = 1 << 20;

  private static final int MAX_MESSAGE = 300;

  private final CloseableHttpClient client;
  private final String base;
  private final Map<KeyRef, String> secrets;
  private final SecretMasker masking;
  private final Map<String, String> pass;
  private final TimeBudget budget;

  /**
   * Prepares the checks of one application.
   *
   * @param base scheme, host and port, without a path
   * @param secrets the values to which headers refer
   * @param masking removes secret values from messages
   * @param pass headers of every request, to get through a protected domain
   * @param budget the time for all of them together
   */
  DeclaredChecks(
      CloseableHttpClient client,
      String base,
      Map<KeyRef, String> secrets,
      SecretMasker masking,
      Map<String, String> pass,
      TimeBudget budget) {
    this.client = client;
    this.base = base;
    this.secrets = secrets;
    this.masking = masking;
    this.pass = pass;
    this.budget = budget;
  }

  List<Callable<List<Result>>> groups(List<Check> checks) {
    var groups = new LinkedHashMap<String, List<Check>>();
    checks.forEach(c -> groups.computeIfAbsent(c.group(), name -> new ArrayList<>()).add(c));
    return groups.values().stream().<Callable<List<Result>>>map(group -> () -> run(group)).toList();
  }

  private List<Result> run(List<Check> group) {
    var cookies = base.startsWith("https:") ? new BasicCookieStore() : new OpenCookies();
    return group.stream()
        .map(check -> {
          var context = HttpClientContext.create();
          context.setCookieStore(cookies);
          var problem = problem(check, context);
          return new Result(
              check.name(),
              check.group(),
              check.priority(),
              problem.isEmpty() ? Outcome.Passed : Outcome.Failed,
              problem.map(this::shown).orElse(null));
        })
        .toList();
  }

  /** A request without TLS behind an ingress still receives the Secure cookies. */
  private static final class OpenCookies extends BasicCookieStore {
    private static final long serialVersionUID = 1;

    @Override
    public void addCookie(Cookie cookie) {
      if (cookie instanceof BasicClientCookie changeable) {
        changeable.setSecure(false);
      }
      super.addCookie(cookie);
    }
  }

  private String shown(String message) {
    var masked = masking.mask(message);
    for (var value : secrets.values()) {
      masked = value.isEmpty() ? masked : masked.replace(value, "***");
    }
    return masked.length() <= MAX_MESSAGE ? masked : masked.substring(0, MAX_MESSAGE) + "…";
  }

  private Optional<String> problem(Check check, HttpClientContext context) {
    ClassicRequestBuilder request;
    try {
      request = ClassicRequestBuilder.create(check.method().name()).setUri(base + check.path());
    } catch (IllegalArgumentException e) {
      return Optional.of(check.path() + " is not a path of a URL");
    }
    pass.forEach(request::addHeader);
    for (var header : check.headers()) {
      var value =
          header.secretKeyRef() == null ? header.value() : secrets.get(header.secretKeyRef());
      if (value == null) {
        return Optional.of(
            "header %s: Secret %s has no key %s"
                .formatted(
                    header.name(), header.secretKeyRef().name(), header.secretKeyRef().key()));
      }
      request.addHeader(header.name(), value);
    }
    if (check.body() != null) {
      var json = check.body().stripLeading().startsWith("{");
      request.setEntity(
          new StringEntity(
              check.body(), json ? ContentType.APPLICATION_JSON : ContentType.TEXT_PLAIN));
    }
    try {
      long begin = System.nanoTime();
      var answer = budget.spend(() -> client.execute(request.build(), context, Answer::of));
      long millis = (System.nanoTime() - begin) / 1_000_000;
      return judge(check.expect(), answer, millis).map(said -> check.path() + " " + said);
    } catch (TimeBudget.NotRun e) {
      return Optional.of(check.path() + " was " + e.getMessage());
    } catch (IOException e) {
      return Optional.of(
          check.path()
              + " did not respond: "
              + e.getClass().getSimpleName()
              + " "
              + e.getMessage());
    }
  }

  /**
   * The problem with an answer, if any.
   *
   * @param millis duration of the request
   */
  static Optional<String> judge(Expect expect, Answer answer, long millis) {
    if (!expect.status().contains(answer.status())) {
      return Optional.of(
          "answers with status %d, needed %s"
              .formatted(
                  answer.status(),
                  String.join(" or ", expect.status().stream().map(String::valueOf).toList())));
    }
    for (var header : expect.headers()) {
      var found = answer.headers().get(header.name().toLowerCase(java.util.Locale.ROOT));
      if (found == null) {
        return Optional.of("lacks the header " + header.name());
      }
      if (header.contains() != null && !found.contains(header.contains())) {
        return Optional.of(
            "has the header %s: %s, needed '%s'"
                .formatted(header.name(), found, header.contains()));
      }
    }
    if (expect.redirect() != null) {
      var location = answer.headers().getOrDefault("location", "");
      if (!location.contains(expect.redirect())) {
        return Optional.of("redirects to '%s', needed '%s'".formatted(location, expect.redirect()));
      }
    }
    if (expect.contains() != null && !answer.body().contains(expect.contains())) {
      return Optional.of("does not contain '%s'".formatted(expect.contains()));
    }
    if (expect.lacks() != null && answer.body().contains(expect.lacks())) {
      return Optional.of("contains '%s'".formatted(expect.lacks()));
    }
    var json = json(expect.json(), answer.body());
    if (json.isPresent()) {
      return json;
    }
    return expect.maxMillis() != null && millis > expect.maxMillis()
        ? Optional.of("took %d ms, at most %d needed".formatted(millis, expect.maxMillis()))
        : Optional.empty();
  }

  private static Optional<String> json(List<ExpectedJson> expected, String body) {
    if (expected.isEmpty()) {
      return Optional.empty();
    }
    JsonNode tree;
    try {
      tree = JSON.readTree(body);
    } catch (JsonProcessingException e) {
      return Optional.of("does not respond with JSON");
    }
    for (var value : expected) {
      var found = tree.at(value.pointer());
      if (found.isMissingNode()) {
        return Optional.of("has nothing at %s".formatted(value.pointer()));
      }
      if (value.equalTo() != null && !value.equalTo().equals(found.asText())) {
        return Optional.of(
            "has '%s' at %s, needed '%s'"
                .formatted(found.asText(), value.pointer(), value.equalTo()));
      }
    }
    return Optional.empty();
  }

  /** The examined parts of an answer; header names in lower case. */
  record Answer(int status, Map<String, String> headers, String body) {
    private static Answer of(ClassicHttpResponse response) throws IOException {
      var headers = new LinkedHashMap<String, String>();
      for (var header : response.getHeaders()) {
        headers.putIfAbsent(header.getName().toLowerCase(java.util.Locale.ROOT), header.getValue());
      }
      return new Answer(response.getCode(), headers, IngressRequests.body(response, MAX_BODY));
    }
  }
}
