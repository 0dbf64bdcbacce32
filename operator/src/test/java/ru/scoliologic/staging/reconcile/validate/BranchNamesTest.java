package ru.scoliologic.staging.reconcile.validate;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.api.GitopsSpec;

/** What is taken as the name of a branch is what Git itself takes. */
class BranchNamesTest {
  private static List<String> problems(String branch) {
    return SchemaRules.problems(
        "spec.gitops",
        new GitopsSpec(
            "https://git.example.org/a",
            branch,
            5,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null));
  }

  private static boolean gitTakes(String branch) throws Exception {
    var git =
        new ProcessBuilder("git", "check-ref-format", "--branch", branch)
            .redirectErrorStream(true)
            .start();
    git.getInputStream().readAllBytes();
    return git.waitFor() == 0;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "main",
        "release/1.2",
        "feature/#12-login",
        "dependabot/npm_and_yarn/@types/node-20",
        "a@b",
        "@/a",
        "a@",
        "it's",
        "a%20b",
        "a&b=c;d",
        "(major)",
        "{a}",
        "a|b",
        "\"quoted\"",
        "$HOME",
        "+plus",
        "a.lock.b",
        "a.locks",
        "_",
        "1",
        "a-",
        "HEAD2"
      })
  void a_name_that_git_takes_is_taken(String branch) throws Exception {
    assertThat(gitTakes(branch)).as("git takes " + branch).isTrue();
    assertThat(problems(branch)).isEmpty();
  }

  /** Git is not asked: a process is given such a name only in some locales. */
  @ParameterizedTest
  @ValueSource(strings = {"фича/вход", "功能", "fonctionnalité", "🚀"})
  void a_name_in_any_script_is_taken(String branch) {
    assertThat(branch.getBytes(StandardCharsets.UTF_8).length).isGreaterThan(branch.length());
    assertThat(problems(branch)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-x",
        "/a",
        "a/",
        "a//b",
        ".a",
        "a/.b",
        "a.",
        "a..b",
        "a.lock",
        "a.lock/b",
        "a@{b",
        "@",
        "a b",
        "a~1",
        "a^",
        "a:b",
        "a?",
        "a*",
        "a[b",
        "a\\b",
        "a\tb",
        "a\u007fb"
      })
  void a_name_that_git_refuses_is_refused_and_named(String branch) throws Exception {
    if (!branch.equals("@")) {
      assertThat(gitTakes(branch)).as("git takes " + branch).isFalse();
    }
    assertThat(problems(branch))
        .singleElement()
        .asString()
        .startsWith("spec.gitops.branch: '%s' is not the name of a branch".formatted(branch))
        .contains("git check-ref-format");
  }
}
