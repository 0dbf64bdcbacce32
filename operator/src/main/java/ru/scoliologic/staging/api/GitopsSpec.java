package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Map;

/** The Git branch that the environment follows, and how its commits become images. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
    value =
        "!has(self.build) || !has(self.build.engine) || !has(self.build.engine.host) ||"
            + " (has(self.registry) && has(self.registry.external))",
    message = GitopsSpec.HOST_NEEDS_REGISTRY)
public record GitopsSpec(
    @Required
        @Size(min = 1, max = 1000)
        @ValidationRule(
            value = "self.matches('" + REPOSITORY_PATTERN + "')",
            message = REPOSITORY_MESSAGE)
        @ValidationRule(
            value = "!self.matches('" + PASSWORD_PATTERN + "')",
            message = PASSWORD_MESSAGE)
        @JsonPropertyDescription(
            "URL of the repository: https://, http:// (for private networks), ssh:// or"
                + " git@host:path. It must not contain credentials.")
        String repository,
    @Default(DEFAULT_BRANCH)
        @Size(min = 1, max = 200)
        @ValidationRule(value = "!self.matches(r'" + NOT_A_BRANCH + "')", message = BRANCH_MESSAGE)
        @JsonPropertyDescription("Branch to follow.")
        String branch,
    @Default("" + DEFAULT_INTERVAL)
        @Min(5)
        @Max(86400)
        @JsonPropertyDescription(
            "Seconds between two polls of the branch, with a jitter of a tenth. A webhook"
                + " triggers a poll immediately.")
        Integer intervalSeconds,
    @JsonPropertyDescription(
            "Secret with the key token (and username, if the server requires a specific"
                + " one) for https, or with the keys sshPrivateKey and knownHosts for ssh. Not"
                + " needed for a public repository.")
        SharedIngress.SecretName credentials,
    @JsonPropertyDescription(
            "PEM certificates of the authority that signed the Git server's certificate."
                + " Defaults to the system's trusted roots.")
        IngressSpec.CaBundle caBundle,
    @JsonPropertyDescription("Webhook by which the Git server announces a push.") Webhook webhook,
    @JsonPropertyDescription("How commits are built into images.") Build build,
    @JsonPropertyDescription(
            "Registry that stores the images. Defaults to a registry in the environment.")
        Registry registry,
    @Default("true")
        @JsonPropertyDescription(
            "Whether a built commit is rolled out automatically. If false, it waits until"
                + " spec.approved of its release is true.")
        Boolean autoDeploy,
    @ValidationRule(value = "self.matches('" + COMMIT_PATTERN + "')", message = COMMIT_MESSAGE)
        @Size(max = 40)
        @JsonPropertyDescription(
            "Full hash of a commit that must serve, regardless of the branch. It is built"
                + " if necessary.")
        String pin,
    @JsonPropertyDescription("Reports the state of each commit to GitHub.")
        CommitStatus commitStatus,
    @JsonPropertyDescription("Compute resources of the agent, which follows the branch.")
        ResourceRequirements resources,
    @JsonPropertyDescription(
            "Node labels that the pod of the agent, and of the engine in it, requires.")
        Map<String, @Size(max = 63) String> nodeSelector,
    @Size(max = 20)
        @JsonPropertyDescription("Tolerations of the pod of the agent, and of the engine in it.")
        List<Toleration> tolerations) {

  static final String REPOSITORY_PATTERN =
      "^(https?://[^/ ]+/[^ ]+|ssh://[^/ ]+/[^ ]+|[A-Za-z0-9_.-]+@[A-Za-z0-9._-]+:[^ ]+)$";
  public static final String REPOSITORY_MESSAGE =
      "is not the URL of a Git repository: give one like https://git.example.org/team/app.git or"
          + " git@git.example.org:team/app.git";

  /** A URL with a password, or for https even only a user name, before the host. */
  static final String PASSWORD_PATTERN = "^(https?://[^/]*@|ssh://[^/@]*:[^/@]*@).*";

  static final String PASSWORD_MESSAGE =
      "holds credentials: leave them out and give spec.gitops.credentials, the name of a Secret";

  /** Found in names that {@code git check-ref-format --branch} refuses. */
  static final String NOT_A_BRANCH =
      "^[-/]|(^|/)[.]|//|[.][.]|@[{]|[.]lock(/|$)|[./]$|^@$|[\\x00-\\x20\\x7f~^:?*\\[\\\\]";

  static final String BRANCH_MESSAGE =
      "is not the name of a branch: give one that `git check-ref-format --branch` takes, like main"
          + " or feature/#12-login";
  public static final String COMMIT_PATTERN = "^[0-9a-f]{40}$";
  static final String COMMIT_MESSAGE =
      "is not a commit: give its full hash, 40 digits from `git rev-parse`";
  public static final String HOST_NEEDS_REGISTRY =
      "build.engine.host is outside the cluster and cannot reach a registry inside it: set"
          + " registry.external as well";
  static final String DEFAULT_BRANCH = "main";
  static final int DEFAULT_INTERVAL = 30;

  public GitopsSpec {
    branch = branch == null ? DEFAULT_BRANCH : branch;
    intervalSeconds = intervalSeconds == null ? DEFAULT_INTERVAL : intervalSeconds;
    build = build == null ? Build.DEFAULTS : build;
    registry = registry == null ? Registry.DEFAULTS : registry;
    autoDeploy = autoDeploy == null || autoDeploy;
  }

  /** Whether images are kept in a registry of the environment's own. */
  @JsonIgnore
  public boolean ownRegistry() {
    return registry.external() == null;
  }

  /** Whether the repository is read by HTTP; otherwise by SSH. */
  @JsonIgnore
  public boolean overHttp() {
    return repository.matches("https?://.*");
  }

  /** A URL at which a push is announced; it only makes the agent poll the branch now. */
  public record Webhook(
      @Required
          @JsonPropertyDescription(
              "Key of a Secret with the shared secret. It signs the request (GitHub, Gitea,"
                  + " Forgejo, Gogs, Bitbucket), or is sent with it (X-Gitlab-Token, or a bearer"
                  + " token).")
          KeyRef secretKeyRef) {}

  /** Statuses of commits on GitHub. */
  public record CommitStatus(
      @Default("https://api.github.com")
          @Size(max = 300)
          @ValidationRule(value = "self.matches('^https?://[^ ]+$')", message = API_MESSAGE)
          @JsonPropertyDescription("URL of GitHub's API. Set it for GitHub Enterprise.")
          String api,
      @Required
          @JsonPropertyDescription(
              "Key of a Secret with a token that may write commit statuses of the repository.")
          KeyRef tokenSecretKeyRef) {

    static final String API_MESSAGE =
        "is not a URL: give one like https://github.example.org/api/v3";

    public CommitStatus {
      api = api == null ? "https://api.github.com" : api;
    }
  }
}
