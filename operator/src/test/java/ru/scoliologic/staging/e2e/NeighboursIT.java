package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * A good environment with real pods, alone and beside eight hostile ones that share its operator.
 * How long it takes is printed and not asserted: what is, is the order in which the operator works.
 */
class NeighboursIT {
  private static Staging staging;
  private static StubNode node;
  private static Neighbours neighbours;
  private static Turns turns;
  private static InProcessOperator operator;

  @BeforeAll
  static void an_operator_as_it_ships_for_all_of_them() throws IOException {
    staging = Staging.shared();
    staging.shipped(0);
    node = new StubNode(staging.admin(), staging.cluster().nodeIp());
    neighbours = new Neighbours();
    turns = new Turns(neighbours::rounds);
    operator = new InProcessOperator(staging.admin(), turns);
  }

  @AfterAll
  static void all_are_removed() throws IOException {
    try (var _ = node;
        var _ = operator;
        var _ = neighbours) {
      staging.remove("alone");
      staging.remove("beside");
    } finally {
      staging.shipped(1);
    }
  }

  /** Makes the good one and waits until it serves and is verified. */
  private static Duration comesUp(String namespace) {
    staging.namespace(namespace);
    staging.given(namespace);
    var environment =
        Staging.read(
            "environment.yaml",
            Map.of(
                "bad.staging.test",
                namespace + ".staging.test",
                "  ingress:\n",
                "  infrastructure: {dns: {mode: \"Off\"}}\n  ingress:\n"));
    var began = Instant.now();
    staging.admin().resource(environment).inNamespace(namespace).create();
    staging.awaitReady(namespace, "env");
    return Duration.between(began, Instant.now());
  }

  private static List<String> objectWrites(String namespace) {
    return operator.objectWrites().stream()
        .filter(write -> write.contains("/namespaces/" + namespace + "/"))
        .toList();
  }

  @Test
  void a_good_one_is_ready_while_eight_neighbours_hold_the_operator_in_eight_ways() {
    var alone = comesUp("alone");
    var written = objectWrites("alone");
    staging.remove("alone");
    neighbours.settle();
    neighbours.beginInEarnest();
    var before = neighbours.endedOfEach();

    var beside = comesUp("beside");

    var turn = turns.of("beside");
    System.out.printf(
        "apply to Ready: %.1f s alone (%s), %.1f s beside %d hostile neighbours (%s, rounds of theirs %s)%n",
        alone.toMillis() / 1000.0,
        turns.of("alone"),
        beside.toMillis() / 1000.0,
        Neighbours.COUNT,
        turn,
        neighbours.roundsOfEach());
    assertThat(neighbours.names()).hasSize(Neighbours.COUNT);
    assertThat(neighbours.busySince(before))
        .as(neighbours::report)
        .containsExactlyElementsOf(neighbours.names());
    assertThat(turn.overtaken())
        .as("passes of one neighbour while the good one waited for its next")
        .isLessThanOrEqualTo(1);
    assertThat(turn.behind())
        .as("rounds of checks that neighbours began while the good one waited for its passes")
        .isLessThanOrEqualTo(Neighbours.COUNT);
    assertThat(objectWrites("beside"))
        .as("writes of objects, of which there were %d alone", written.size())
        .hasSizeLessThanOrEqualTo(written.size() * 3 / 2);
  }
}
