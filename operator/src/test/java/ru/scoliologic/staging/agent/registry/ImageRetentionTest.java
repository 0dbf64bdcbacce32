package ru.scoliologic.staging.agent.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.GitopsSpec;
import ru.scoliologic.staging.api.Registry;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.cluster.model.AgentContract.Config;

class ImageRetentionTest {
  private static final Instant START = Instant.parse("2026-01-02T03:04:05Z");

  private final List<Collection<String>> kept = new ArrayList<>();
  private boolean down;
  private Instant now = START;
  private final ImageRetention housekeeping = housekeeping(null);

  private ImageRetention housekeeping(Registry registry) {
    var gitops =
        new GitopsSpec(
            "https://git.test/app.git",
            "main",
            30,
            null,
            null,
            null,
            null,
            registry,
            null,
            null,
            null,
            null,
            null,
            null);
    var clock =
        new Clock() {
          @Override
          public ZoneOffset getZone() {
            return ZoneOffset.UTC;
          }

          @Override
          public Clock withZone(java.time.ZoneId zone) {
            return this;
          }

          @Override
          public Instant instant() {
            return now;
          }
        };
    var config = new Config("demo", "team", gitops, "demo-registry:5000/app", "tcp://engine:2375");
    return new ImageRetention(
        () -> config,
        (repository, keep) -> {
          if (down) {
            throw new IOException("does not answer");
          }
          kept.add(keep);
          return Set.of();
        },
        clock);
  }

  private static StagingRelease release(String name, String state) {
    var release = new StagingRelease();
    release.getMetadata().setName("demo-" + name);
    release.setSpec(
        new StagingReleaseSpec(
            "demo",
            null,
            new StagingReleaseSpec.Commit(name.repeat(40), "main", null, null, null),
            "c0ffee",
            null,
            null,
            null,
            null,
            null));
    release.setStatus(Given.releaseStatus(state, null));
    return release;
  }

  private void after(Duration time) {
    now = now.plus(time);
  }

  @Test
  void images_of_the_releases_that_are_there_stay_once_it_has_been_quiet_for_a_while()
      throws InterruptedException {
    var releases = List.of(release("a", "Serving"), release("b", "Superseded"));

    assertThat(housekeeping.step(releases, false)).isEqualTo(ImageRetention.QUIET);
    assertThat(kept).isEmpty();
    after(ImageRetention.QUIET);
    housekeeping.step(releases, false);

    assertThat(kept)
        .singleElement()
        .satisfies(k -> assertThat(k).containsOnly("aaaaaaaaaa-c0ffee", "bbbbbbbbbb-c0ffee"));
  }

  @Test
  void the_same_releases_are_not_looked_after_twice() throws InterruptedException {
    var releases = List.of(release("a", "Serving"));
    for (int i = 0; i < 3; i++) {
      housekeeping.step(releases, false);
      after(ImageRetention.LATER);
    }

    assertThat(kept).hasSize(1);
  }

  @Test
  void nothing_is_deleted_while_something_is_built_or_starts_and_quiet_begins_anew()
      throws InterruptedException {
    var calm = List.of(release("a", "Serving"));
    housekeeping.step(calm, false);
    after(ImageRetention.QUIET);

    housekeeping.step(calm, true);
    housekeeping.step(List.of(release("a", "Serving"), release("b", "Starting")), false);
    assertThat(housekeeping.step(calm, false)).isEqualTo(ImageRetention.QUIET);

    assertThat(kept).isEmpty();
  }

  @Test
  void nothing_is_deleted_while_no_release_says_that_it_serves() throws InterruptedException {
    var releases = List.of(release("a", "Replaced"), release("b", null));
    housekeeping.step(releases, false);
    after(ImageRetention.LATER);
    housekeeping.step(releases, false);

    assertThat(kept).isEmpty();
  }

  @Test
  void a_registry_that_is_down_is_asked_again_later() throws InterruptedException {
    var releases = List.of(release("a", "Serving"));
    housekeeping.step(releases, false);
    after(ImageRetention.QUIET);
    down = true;
    housekeeping.step(releases, false);
    down = false;
    assertThat(housekeeping.step(releases, false)).isEqualTo(ImageRetention.LATER);
    assertThat(kept).isEmpty();
    after(ImageRetention.LATER);
    housekeeping.step(releases, false);

    assertThat(kept).hasSize(1);
  }

  @Test
  void what_a_registry_of_others_keeps_is_their_matter() throws InterruptedException {
    var external =
        housekeeping(
            new Registry(
                new Registry.External("registry.test/team/app", null),
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null));
    external.step(List.of(release("a", "Serving")), false);
    after(ImageRetention.LATER);
    external.step(List.of(release("a", "Serving")), false);

    assertThat(kept).isEmpty();
  }
}
