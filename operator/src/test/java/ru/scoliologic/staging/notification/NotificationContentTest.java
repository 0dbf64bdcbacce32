package ru.scoliologic.staging.notification;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.api.StagingReleaseSpec.Commit;
import ru.scoliologic.staging.api.StagingReleaseStatus.Telling;
import ru.scoliologic.staging.api.StagingReleaseStatus.Told;
import ru.scoliologic.staging.cluster.masking.SecretMasker;

class NotificationContentTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  static Told told(String occasion) {
    return new Told(
        "team-chat", occasion, Telling.Due, "2026-01-02T03:04:05Z", null, null, null, null, null);
  }

  static NotificationContent rolledBack() {
    return news(
        World.release(3, World.reporting(World.rolledBack(3), World.report(11))), "RolledBack");
  }

  private static NotificationContent news(StagingRelease release, String occasion) {
    return NotificationContent.of(World.environment(), release, told(occasion), text -> text);
  }

  private static JsonNode json(String text) throws IOException {
    return JSON.readTree(text);
  }

  @Test
  void a_message_says_what_whose_why_how_long_and_where() {
    assertThat(rolledBack().text())
        .isEqualTo(
            """
            demo: abc0003 was rolled back
            “Change <3> & more” by Ann Author on main
            Why: the check dashboard found status 500
            Failed checks: dashboard (critical), minor 0, minor 1, minor 2, minor 3, minor 4, minor 5, minor 6, minor 7, minor 8 and 2 more
            5 min 5 s after it was committed
            Application: https://app.staging.test
            Commit: https://github.com/team/app/commit/%s
            Release: kubectl -n team describe strel demo-c3\
            """
                .formatted(World.commit(3).hash()));
  }

  @Test
  void a_version_that_was_given_as_an_image_is_named_by_it() {
    var release = World.release(3, World.verified(3));
    release.setSpec(StagingReleaseSpec.ofImage("demo", "sample-app:2"));

    assertThat(news(release, "Verified").text())
        .isEqualTo(
            """
            demo: sample-app:2 is verified
            1 min 0 s after it was requested
            Application: https://app.staging.test
            Release: kubectl -n team describe strel demo-c3\
            """);
  }

  @Test
  void secret_values_are_hidden_in_every_document() {
    var release = World.release(3, World.failed(3));
    release.setSpec(
        new StagingReleaseSpec(
            "demo",
            null,
            new Commit(World.commit(3).hash(), "main", "hunter2secret", "by hunter2secret", null),
            null,
            null,
            null,
            null,
            null,
            List.of()));
    var news =
        NotificationContent.of(
            World.environment(),
            release,
            told("Failed"),
            new SecretMasker(List.of("hunter2secret", "exit code 1"))::mask);

    assertThat(
            List.of(
                news.text(),
                MessageFormats.slack(news),
                MessageFormats.telegram("1", news),
                MessageFormats.webhook("k", news),
                MessageFormats.commitStatus("failure", news)))
        .allSatisfy(
            text -> assertThat(text).doesNotContain("hunter2secret").doesNotContain("exit code 1"));
  }

  @Test
  void what_has_a_meaning_in_the_receivers_language_is_escaped() throws IOException {
    var slack = json(MessageFormats.slack(rolledBack()));
    var telegram = json(MessageFormats.telegram("-100", rolledBack()));

    assertThat(slack.at("/blocks/0/text/text").asText())
        .contains("*demo: abc0003 was rolled back*")
        .contains("Change &lt;3&gt; &amp; more");
    assertThat(slack.at("/text").asText()).isEqualTo("demo: abc0003 was rolled back");
    assertThat(telegram.at("/parse_mode").asText()).isEqualTo("HTML");
    assertThat(telegram.at("/chat_id").asText()).isEqualTo("-100");
    assertThat(telegram.at("/text").asText())
        .contains("<b>demo: abc0003 was rolled back</b>")
        .contains("Change &lt;3&gt; &amp; more");
  }

  @Test
  void the_longest_texts_fit_the_receivers_limits() throws IOException {
    var longest = "<".repeat(5_000);
    var release = World.release(3, World.failed(3));
    release.setSpec(
        new StagingReleaseSpec(
            "demo",
            null,
            new Commit(World.commit(3).hash(), longest, longest, longest, null),
            null,
            null,
            null,
            null,
            null,
            List.of()));
    var news = news(release, "Failed");

    assertThat(json(MessageFormats.telegram("1", news)).at("/text").asText())
        .hasSizeLessThanOrEqualTo(4_096);
    assertThat(json(MessageFormats.slack(news)).at("/blocks/0/text/text").asText())
        .hasSizeLessThanOrEqualTo(3_000);
  }

  @Test
  void github_is_told_in_one_short_line() throws IOException {
    var release = World.release(3, World.failed(3));
    var status = json(MessageFormats.commitStatus("failure", news(release, "CommitFailure")));

    assertThat(status.at("/context").asText()).isEqualTo("staging/demo");
    assertThat(status.at("/target_url").asText()).isEqualTo("https://app.staging.test");
    assertThat(status.at("/description").asText()).isEqualTo("it ends with exit code 1");
    assertThat(status.at("/state").asText()).isEqualTo("failure");
  }

  @ParameterizedTest
  @CsvSource({
    "https://github.com/team/app.git, https://github.com/team/app/commit/1a, team/app",
    "https://git.example.org/group/sub/app, https://git.example.org/group/sub/app/commit/1a,",
    "http://gitea.local:3000/team/app.git, http://gitea.local:3000/team/app/commit/1a, team/app",
    "git@github.com:team/app.git, https://github.com/team/app/commit/1a, team/app",
    "ssh://git@github.com:22/team/app.git, https://github.com/team/app/commit/1a, team/app",
    "ssh://git@bitbucket.org/team/app, https://bitbucket.org/team/app/commits/1a, team/app",
    "git@git.example.org:team/app.git,, team/app"
  })
  void the_page_of_a_commit_is_derived_from_the_repository(
      String repository, String page, String ownerAndName) {
    assertThat(RepositoryLink.commit(repository, "1a").orElse(null)).isEqualTo(page);
    assertThat(RepositoryLink.ownerAndName(repository).orElse(null)).isEqualTo(ownerAndName);
  }
}
