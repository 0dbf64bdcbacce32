package ru.scoliologic.staging.cluster.kube;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.reconcile.StandInApiServer;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.stage.Reason;

/** What is applied beside an object of another one that has a name of the environment's. */
class ApplierTest {
  private final Set<String> applied = new ConcurrentSkipListSet<>();

  private static List<HasMetadata> planned() {
    var snapshot = Given.aGoodStart().snapshot();
    return Plan.of(snapshot, Configuration.resolve(snapshot)).all();
  }

  /** Applies all to a server on which one name is taken. */
  private List<Refusal> apply(String taken) throws IOException {
    try (var server = StandInApiServer.start("/", exchange -> answer(exchange, taken))) {
      return new Applier(server.client(), new Nothing(), (verb, kind) -> {}).apply(planned());
    }
  }

  private void answer(HttpExchange exchange, String taken) throws IOException {
    var path = exchange.getRequestURI().getPath();
    if (exchange.getRequestMethod().equals("PATCH")) {
      applied.add(path.replaceAll(".*/([a-z]+/[^/]+)$", "$1"));
      StandInApiServer.answer(exchange, 200, exchange.getRequestBody().readAllBytes());
    } else if (path.endsWith("/" + taken)) {
      var kind = path.contains("serviceaccounts") ? "ServiceAccount" : "Secret";
      StandInApiServer.answer(
          exchange,
          200,
          "{\"apiVersion\":\"v1\",\"kind\":\"%s\",\"metadata\":{\"name\":\"other\"}}"
              .formatted(kind)
              .getBytes(StandardCharsets.UTF_8));
    } else {
      StandInApiServer.answer(exchange, 404, "{}".getBytes(StandardCharsets.UTF_8));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "serviceaccounts/demo-traefik, deployments/demo-traefik, statefulsets/demo-postgres",
    "serviceaccounts/demo-traefik, rolebindings/demo-traefik, services/demo-redis",
    "secrets/demo-traefik-users, deployments/demo-traefik, statefulsets/demo-redis"
  })
  void nothing_runs_with_what_belongs_to_another_one_and_the_other_components_come_up(
      String taken, String kept, String made) throws Exception {
    var refusals = apply(taken);

    assertThat(refusals).extracting(Refusal::reason).containsExactly(Reason.NAME_TAKEN);
    assertThat(applied).doesNotContain(taken, kept).contains(made);
  }

  @Test
  void all_is_applied_where_no_name_is_taken() throws Exception {
    assertThat(apply("nothing")).isEmpty();
    assertThat(applied)
        .contains("deployments/demo-traefik", "serviceaccounts/demo-traefik")
        .hasSize(planned().size());
  }

  @Test
  void what_the_server_finds_invalid_is_told_and_all_else_is_applied() throws Exception {
    var no =
        "{\"kind\":\"Status\",\"code\":422,\"message\":\"StatefulSet is invalid: spec.replicas\"}"
            .getBytes(StandardCharsets.UTF_8);
    List<Refusal> refusals;
    try (var server =
        StandInApiServer.start(
            "/",
            exchange -> {
              if (exchange.getRequestMethod().equals("PATCH")
                  && exchange.getRequestURI().getPath().endsWith("/statefulsets/demo-redis")) {
                StandInApiServer.answer(exchange, 422, no);
              } else {
                answer(exchange, "nothing");
              }
            })) {
      refusals = new Applier(server.client(), new Nothing(), (verb, kind) -> {}).apply(planned());
    }

    assertThat(refusals)
        .singleElement()
        .satisfies(refusal -> {
          assertThat(refusal.reason()).isEqualTo(Reason.OBJECT_INVALID);
          assertThat(refusal.message())
              .startsWith("StatefulSet/demo-redis: StatefulSet is invalid: spec.replicas; ");
        });
    assertThat(applied).contains("ingresses/demo-app").hasSize(planned().size() - 1);
  }

  /** Watches that have shown nothing yet. */
  private static final class Nothing implements Applier.Cache {
    @Override
    public Optional<HasMetadata> find(HasMetadata like) {
      return Optional.empty();
    }

    @Override
    public void wrote(HasMetadata now, Optional<HasMetadata> before) {}
  }
}
