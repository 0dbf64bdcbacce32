package ru.scoliologic.staging.agent.git;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ru.scoliologic.staging.agent.MountedFiles;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.throwaway.GitHttpServer;
import ru.scoliologic.staging.throwaway.GitRepository;

/** Against Git's own server over HTTP. */
class CommitStoreTest {
  private static final String TOKEN = "ghp_0123456789abcdef";

  @TempDir private Path folder;
  private GitRepository repository;
  private GitHttpServer server;
  private MountedFiles mounted;
  private CommitStore commits;

  @BeforeEach
  void an_empty_store() {
    repository = GitRepository.create(folder, "app.git");
    server = GitHttpServer.start(folder);
    server.token(TOKEN);
    mounted = new MountedFiles(folder.resolve("mounted")).token(TOKEN);
    var spec = GitRemoteTest.spec(server.url("app.git"));
    commits = new CommitStore(mounted.files().work(), new GitRemote(() -> spec, mounted.files()));
  }

  @AfterEach
  void all_ends() {
    commits.close();
    server.close();
  }

  private Path export(String commit) throws GitException, SubmodulesException {
    var target = folder.resolve("mounted/work/source");
    commits.export(commit, target);
    return target;
  }

  @Test
  void a_commit_is_told_as_git_tells_it() throws Exception {
    var hash =
        repository.commit("a", "1", "Страница \u001b[31m" + "x".repeat(400) + "\n\nand more text");
    repository.push(hash, "main");

    var commit = commits.fetchBranch();

    assertThat(commit.hash()).isEqualTo(hash);
    assertThat(commit.branch()).isEqualTo("main");
    assertThat(commit.author()).isEqualTo("Somebody");
    assertThat(commit.subject()).startsWith("Страница  [31mxxx").hasSize(300);
    assertThat(Instant.parse(commit.committed())).isBeforeOrEqualTo(Instant.now());
  }

  @Test
  void only_the_head_is_fetched_and_none_of_its_history() throws Exception {
    for (int i = 0; i < 5; i++) {
      repository.push("commit " + i);
    }

    commits.fetchBranch();

    try (var objects = Files.walk(folder.resolve("mounted/work/clone.git"))) {
      assertThat(objects.filter(file -> file.getFileName().toString().equals("shallow")))
          .hasSize(1);
    }
    try (var files = Files.walk(folder.resolve("mounted"))) {
      var text =
          files
              .filter(Files::isRegularFile)
              .filter(file -> !file.endsWith("token"))
              .map(CommitStoreTest::bytes)
              .collect(Collectors.joining());
      assertThat(text).doesNotContain(TOKEN);
    }
  }

  private static String bytes(Path file) {
    try {
      return new String(Files.readAllBytes(file), java.nio.charset.StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void files_keep_their_bytes_their_executable_bit_and_where_they_lead() throws Exception {
    Files.createDirectories(repository.work().resolve("bin"));
    Files.writeString(repository.work().resolve("bin/run.sh"), "#!/bin/sh\r\n");
    repository.work().resolve("bin/run.sh").toFile().setExecutable(true);
    Files.createSymbolicLink(repository.work().resolve("link"), Path.of("../outside"));
    Files.writeString(repository.work().resolve("имя файла"), "text");
    Files.writeString(repository.work().resolve(".gitattributes"), "* text=auto eol=crlf\n");
    var hash = repository.commit("all of them");
    repository.push(hash, "main");
    commits.fetchBranch();

    var source = export(hash);

    assertThat(source.resolve("bin/run.sh")).isExecutable();
    assertThat(source.resolve("имя файла")).hasContent("text");
    assertThat(Files.isExecutable(source.resolve("имя файла"))).isFalse();
    assertThat(Files.readSymbolicLink(source.resolve("link"))).isEqualTo(Path.of("../outside"));
    assertThat(source.resolve(".git")).doesNotExist();
  }

  @Test
  void an_export_leaves_nothing_of_the_one_before() throws Exception {
    var first = repository.commit("old", "1", "first");
    repository.push(first, "main");
    repository.git("rm", "-q", "old");
    var second = repository.commit("new", "2", "second");
    repository.push(second, "main");
    commits.fetchBranch();

    export(first);
    var source = export(second);

    assertThat(source.resolve("old")).doesNotExist();
    assertThat(source.resolve("new")).hasContent("2");
  }

  @Test
  void a_submodule_is_refused_by_name() throws Exception {
    var other = repository.commit("a", "1", "a");
    repository.git("update-index", "--add", "--cacheinfo", "160000," + other + ",vendor/library");
    repository.git("commit", "-q", "-m", "with a submodule");
    var hash = repository.git("rev-parse", "HEAD");
    repository.push(hash, "main");
    commits.fetchBranch();

    assertThatThrownBy(() -> export(hash))
        .isInstanceOf(SubmodulesException.class)
        .hasMessageContaining("vendor/library");
  }

  @Test
  void a_commit_that_no_branch_leads_to_any_more_is_fetched_by_its_hash() throws Exception {
    var pinned = repository.push("pinned");
    repository.git("commit", "-q", "--amend", "-m", "other");
    repository.push(repository.git("rev-parse", "HEAD"), "main");
    commits.fetchBranch();

    assertThat(commits.fetchCommit(pinned).subject()).isEqualTo("pinned");
    assertThat(export(pinned).resolve("README.md")).hasContent("pinned");
  }

  @Test
  void a_commit_that_the_server_does_not_have_is_told() {
    repository.push("first");
    assertThatThrownBy(() -> commits.fetchCommit("1".repeat(40)))
        .isInstanceOfSatisfying(
            GitException.class,
            trouble -> assertThat(trouble.reason()).isEqualTo(Reason.GIT_FAILED));
  }

  @Test
  void a_clone_that_broke_is_made_anew() throws Exception {
    var first = repository.push("first");
    commits.fetchBranch();
    CommitStore.delete(folder.resolve("mounted/work/clone.git/objects"));
    repository.push("second");
    assertThatThrownBy(commits::fetchBranch).isInstanceOf(GitException.class);

    assertThat(commits.fetchBranch().subject()).isEqualTo("second");
    assertThat(export(first).resolve("README.md")).hasContent("first");
  }

  @Test
  void many_fetches_do_not_pile_up() throws Exception {
    for (int i = 0; i < 35; i++) {
      repository.push("commit " + i);
      commits.fetchBranch();
    }

    try (var packs = Files.list(folder.resolve("mounted/work/clone.git/objects/pack"))) {
      assertThat(packs.filter(file -> file.toString().endsWith(".pack")))
          .hasSizeLessThanOrEqualTo(30);
    }
  }
}
