package ru.scoliologic.staging.throwaway;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a run that was killed hard left behind. */
class LeftoversIT {
  private static final String CLUSTER = ThrowawayCluster.LABEL + "=test";
  private static final String OWNER = Leftovers.ownerLabel() + "=";

  private String dead;
  private String alive;
  private String foreign;

  private static String container(String... labels) {
    var arguments = new java.util.ArrayList<>(java.util.List.of("create"));
    for (var label : labels) {
      arguments.add("--label");
      arguments.add(label);
    }
    arguments.addAll(java.util.List.of(Images.DEBIAN, "true"));
    return Docker.run(arguments.toArray(String[]::new));
  }

  private static boolean there(String id) {
    return Docker.attempt("inspect", id).exitCode() == 0;
  }

  @AfterEach
  void the_containers_are_removed() {
    Docker.attempt("rm", "-f", dead, alive, foreign);
  }

  @Test
  void the_cluster_of_a_dead_process_is_removed_and_nothing_else() {
    // Given a number that this process has, with another start time: its owner is gone.
    dead = container(CLUSTER, OWNER + ProcessHandle.current().pid() + "@1");
    alive = container(CLUSTER, OWNER + Leftovers.owner());
    foreign = container("team=other");

    Leftovers.clear();

    assertThat(there(dead)).isFalse();
    assertThat(there(alive)).isTrue();
    assertThat(there(foreign)).isTrue();
  }
}
