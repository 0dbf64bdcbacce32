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
            "URL of the repository: https://, http:// (inside one's own network), ssh:// or"
                + " git@host:path. Never with credentials in it.")
        String repository,
    @Default(DEFAULT_BRANCH)
        @Size(min = 1, max = 200)
        @ValidationRule(value = "!self.matches(r'" + NOT_A_BRANCH + "')", message = BRANCH_MESSAGE)
        @JsonPropertyDescription("The branch that is followed.")
        String branch,
    @Default("" + DEFAULT_INTERVAL)
        @Min(5)
        @Max(86400)
        @JsonPropertyDescription(
            "Seconds between two looks at the branch, within a tenth; a webhook makes the next one"
                + " come at once.")
        Integer intervalSeconds,
    @JsonPropertyDescription(
            "A Secret with the key token (and username, where the server asks for a certain one) for"
                + " https, or with sshPrivateKey and knownHosts for ssh. A public repository needs"
                + " none.")
        SharedIngress.SecretName credentials,
    @JsonPropertyDescription(
            "PEM certificates that the Git server's certificate chains to; the system's roots when"
                + " absent.")
        IngressSpec.CaBundle caBundle,
    @JsonPropertyDescription("Lets the Git server say that there is a push.") Webhook webhook,
    @JsonPropertyDescription("How a commit becomes an image.") Build build,
    @JsonPropertyDescription("Where images are kept; a registry of the environment's when absent.")
        Registry registry,
    @Default("true")
        @JsonPropertyDescription(
            "Whether a commit that was built is rolled out by itself. With false it waits until"
                + " spec.approved of its release is true.")
        Boolean autoDeploy,
    @ValidationRule(value = "self.matches('" + COMMIT_PATTERN + "')", message = COMMIT_MESSAGE)
        @Size(max = 40)
        @JsonPropertyDescription(
            "A commit that is to serve whatever the branch says, as its full hash; it is built if"
                + " need be.")
        String pin,
    @JsonPropertyDescription("Tells GitHub how each commit fares.") CommitStatus commitStatus,
    @JsonPropertyDescription("Compute resources of the agent that follows the branch.")
        ResourceRequirements resources,
    @JsonPropertyDescription(
            "Labels that the node of the agent must have, and so of the engine beside it.")
        Map<String, @Size(max = 63) String> nodeSelector,
    @Size(max = 20)
        @JsonPropertyDescription("Taints that the agent tolerates, with the engine beside it.")
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
              "Key of a Secret with the word that both sides know: it signs the request"
                  + " (as GitHub, Gitea, Forgejo, Gogs and Bitbucket do), or is sent along"
                  + " (X-Gitlab-Token, or as a bearer token).")
          KeyRef secretKeyRef) {}

  /** Statuses of commits on GitHub. */
  public record CommitStatus(
      @Default("https://api.github.com")
          @Size(max = 300)
          @ValidationRule(value = "self.matches('^https?://[^ ]+$')", message = API_MESSAGE)
          @JsonPropertyDescription("Where GitHub's API is; another one for GitHub Enterprise.")
          String api,
      @Required
          @JsonPropertyDescription(
              "Key of a Secret with a token that may write statuses of the repository's commits.")
          KeyRef tokenSecretKeyRef) {

    static final String API_MESSAGE =
        "is not a URL: give one like https://github.example.org/api/v3";

    public CommitStatus {
      api = api == null ? "https://api.github.com" : api;
    }
  }
}
