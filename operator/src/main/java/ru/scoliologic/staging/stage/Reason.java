package ru.scoliologic.staging.stage;

/**
 * Every reason of a condition or an event. Users see the constant's name in CamelCase; names are
 * stable. Cause and cure feed the troubleshooting reference.
 */
public enum Reason implements StatusReason {
  AWAITING_PREVIOUS_STAGE(
      "An earlier stage has not succeeded yet.", "See the condition of the earlier stage."),
  NOT_ASSESSED(
      "The operator met an unknown error, so this stage was not assessed.",
      "See the condition Ready. What runs is not affected; the message has the last"
          + " known state."),
  INVALID_SPEC(
      "A field of the spec has a value the operator cannot use.",
      "Correct the field that the message names. What runs is not affected."),
  FIELD_CANNOT_CHANGE(
      "A field was changed that existing data on a volume depends on.",
      "Set the field back to the value that the message names. Until then nothing is"
          + " changed, and what runs is not affected. For the other value create another"
          + " environment and move the data by a backup."),
  NAME_TAKEN(
      "An object with a name that the environment needs exists and does not belong" + " to it.",
      "Rename or delete that object, or choose another name for the environment."),
  DOMAIN_CLAIMED(
      "Another environment holds one of the domains.",
      "Use another domain, or delete the environment that the message names."),

  QUOTA_EXCEEDED(
      "A ResourceQuota of the namespace does not allow an object or a pod.",
      "Raise the quota that the message names, or lower the environment's requests."),
  ADMISSION_REFUSED(
      "An admission policy, a webhook or a LimitRange of the cluster refuses an object or a pod.",
      "Change what the message names, or change the policy to allow it."),
  OBJECT_INVALID(
      "The API server rejects an object as invalid, because of a value from the"
          + " spec, or one that a policy or webhook of the cluster sets.",
      "The message has the object, the field and the server's error. Correct the"
          + " value in the spec, or the policy or webhook that sets it. The operator"
          + " retries."),
  RIGHTS_MISSING(
      "The operator may not write an object: its ClusterRole differs from the"
          + " shipped one, or spec.rollback needs an additional one.",
      "Apply manifests/default again, or bind the ClusterRole that the message names."),

  INFRASTRUCTURE_READY("Storage and the public address are available.", "Nothing to do."),
  STORAGE_CLASS_NOT_FOUND(
      "A StorageClass that the spec names does not exist, or the cluster has no" + " default one.",
      "Name a class from `kubectl get storageclass`, or mark one as the default."),
  AWAITING_ADDRESS(
      "The ingress Service has no address yet.",
      "Wait. If it lasts, check whether the cluster has a load balancer."),
  PORT_CONFLICT(
      "Ports 80 and 443 of the nodes are in use by the Service or the pod that the"
          + " message names.",
      "Delete or change what uses them: only one Service or pod can use the ports of a"
          + " node. Or use that controller with spec.ingress.mode: Shared."),
  NOT_ENOUGH_ROOM(
      "The nodes have less free CPU, memory, disk or devices than the environment" + " needs.",
      "Add nodes, lower the resources of the components or of other workloads, or"
          + " set spec.infrastructure.capacity."),
  VOLUME_MISSING(
      "A StorageClass has no provisioner and no free volume fits, or a"
          + " PersistentVolumeClaim that the spec names does not exist.",
      "Create a PersistentVolume of that class, or name a class with a provisioner;"
          + " or create the claim that the message names."),
  DNS_RECORD_WRONG(
      "The A or AAAA record of a domain is missing or wrong.",
      "Correct the record. The operator queries it again. Behind a NAT set"
          + " spec.ingress.addresses."),
  DNS_UNANSWERED(
      "The DNS server did not respond.",
      "Check whether the operator's pod can reach it, or set"
          + " spec.infrastructure.dns.resolver."),

  INGRESS_CLASS_MISSING(
      "The ingress class that the spec names does not exist.",
      "Name a class from `kubectl get ingressclass`, or install its controller."),
  TLS_SECRET_MISSING(
      "The Secret with the certificate for the shared ingress is missing or" + " incomplete.",
      "Create it with tls.crt and tls.key. The operator detects it within about a" + " second."),

  CONFIGURATION_READY("Every key is present and valid.", "Nothing to do."),
  SECRET_MISSING(
      "A Secret that the spec names does not exist.",
      "Create it. The operator detects it within about a second."),
  KEY_MISSING(
      "A required key is in none of the Secrets.",
      "Add the keys that the message lists. The operator detects them within about a" + " second."),
  KEY_INVALID(
      "A value is too short, a placeholder or malformed, or a variable is composed"
          + " from an unknown name.",
      "Put a valid value into the Secret that the message names, or correct the key"
          + " or the variable in the spec."),
  CONFIG_MAP_MISSING(
      "A ConfigMap that the spec names does not exist or lacks the key.", "Create it."),
  ROTATING(
      "A generated value is being replaced.",
      "Wait. The old value stays valid until the application runs with the new one."),
  ROTATED("The application runs with a new generated value.", "Nothing to do."),
  ROTATION_FAILED(
      "The application did not become healthy with a new value, or PostgreSQL or"
          + " Redis rejected it. The old value is used again.",
      "Fix what the message names, then raise generate.rotation again; or set it"
          + " back to the old number."),
  CREDENTIALS_LOST(
      "The Secret with generated credentials is missing, but the database that was"
          + " created with them exists.",
      "Restore the Secret from a backup. Or delete the volume claim as well, to"
          + " start with an empty database."),

  DEPLOYED("Every component is available.", "Nothing to do."),
  COMPONENTS_STARTING(
      "Components are starting.",
      "Wait. The message names them and the results of their health checks."),
  IMAGE_PULL_FAILED(
      "The node cannot pull an image.",
      "Check the image's name, the registry and imagePullSecrets."),
  CONTAINER_CRASHING(
      "A container keeps exiting soon after its start.",
      "See the error in the message, or the log with `kubectl logs --previous`."),
  OUT_OF_MEMORY(
      "A container was killed because it exceeded its memory limit.",
      "Raise resources.limits.memory of the component."),
  OTHER_ARCHITECTURE(
      "The image does not run on its node, and the cluster has nodes of other"
          + " architectures. The version is not marked as failed.",
      "Select nodes with nodeSelector {kubernetes.io/arch: ...} of the component, or"
          + " build the image for all architectures. A commit is built for the engine's"
          + " node: gitops.nodeSelector."),
  CONTAINER_CONFIG_ERROR(
      "The node cannot create a container from its specification.", "See the message."),
  UNSCHEDULABLE(
      "No node can run a pod.", "See the message: capacity, node selector, taints or volumes."),
  VOLUME_PENDING(
      "A PersistentVolumeClaim is not bound.",
      "See the message: the provisioner of its StorageClass, or a volume that fits."),
  NOT_HEALTHY(
      "A component runs, but its health check has failed for longer than it may take"
          + " to start.",
      "See the result of the health check and the last log lines in the message, and"
          + " `kubectl logs`."),
  DEADLINE_EXCEEDED(
      "A component is not available within its deadlineSeconds, and the cluster"
          + " reports no cause.",
      "See the message and `kubectl describe pod`. Slow registries or volumes may"
          + " need a longer deadlineSeconds. The operator keeps waiting."),
  FIRST_DEPLOYMENT_WIPED(
      "The first deployment failed and is removed with its volumes, according to"
          + " spec.rollback.firstDeployment.",
      "The message has the cause. It is deployed again when the spec, its"
          + " configuration or spec.retry of the release changes."),
  MODELS_PULLING(
      "Ollama pulls a language model.",
      "Wait. The message has the progress. The pull continues after a restart."),
  MODEL_PULL_FAILED(
      "A language model could not be pulled.",
      "See the message: the model's name, its registry, or the network. The operator"
          + " retries."),
  MODELS_TOO_LARGE(
      "The volume is too small for the language models.",
      "Raise spec.services.ollama.storage, or remove a model from the list and"
          + " delete it from the volume with `ollama rm` in the pod."),
  MIGRATION_RUNNING(
      "The migration of a version is running, before its rollout.",
      "Wait. The version starts after it."),
  MIGRATION_FAILED(
      "The migration of the first version failed, so the version is not started.",
      "See its last log lines in the message. Set another image, fix its"
          + " configuration, or change spec.retry of its release."),
  CANDIDATE_STARTING(
      "A new version of the application starts beside the serving one.",
      "Wait. It gets the traffic when it is healthy."),
  CANDIDATE_CRASHED(
      "A new version exited or exceeded its memory limit before it was healthy. It"
          + " got no traffic; the serving version is not affected.",
      "See its last log lines in the message. Push a fixed commit or set a fixed"
          + " image, or change spec.retry of the release."),
  CANDIDATE_UNHEALTHY(
      "A new version was not healthy in time. It got no traffic; the serving version"
          + " is not affected.",
      "See the result of its health check in the message. If"
          + " spec.services.app.health is right, push a fixed commit or set a fixed image,"
          + " or change spec.retry of the release."),
  CANDIDATE_FAILED(
      "A new version of the application does not become healthy. The serving version"
          + " is not affected.",
      "See the cause in the message. A version whose image cannot be pulled, or that"
          + " no node can run, continues once that is fixed. Otherwise push a fixed commit"
          + " or set a fixed image, fix its configuration, or change spec.retry of its"
          + " release."),

  ROLLED_OUT("The version became healthy and got the traffic.", "Nothing to do."),
  AWAITING_FIRST_BUILD(
      "No version of the application is built yet, and spec.services.app.image names none.",
      "Wait for the first build: see `kubectl get strel` and the condition Built of the newest"
          + " release."),
  BUILD_WAITING(
      "The build of a commit has not started, or waits for something outside of the" + " commit.",
      "Wait. The message names what it waits for."),
  BUILDING("The image of a commit is being built or pushed.", "Wait."),
  TAG_RESOLVED(
      "The tag of an image is resolved to one digest, which every node pulls.", "Nothing to do."),
  TAG_NOT_RESOLVED(
      "The operator could not get the digest of an image's tag from the registry."
          + " The version runs by its last known digest, or else by its tag, and then each"
          + " node uses the image that it pulls or has cached.",
      "Nothing to do if tags are never reused. Otherwise fix what the message names"
          + " and change spec.retry of the release, or name the image by its digest."),
  BUILT("The image of a commit is in the registry.", "Nothing to do."),
  BUILD_CANCELLED("A newer commit was pushed before the image was built.", "Nothing to do."),
  BUILD_FAILED(
      "A commit cannot be built. Nothing else is changed.",
      "See the end of the build's log in the message. Push a fixed commit, or change"
          + " spec.retry of the release."),
  COMMIT_FAILED(
      "The newest commit of the branch failed before it got any traffic. The serving"
          + " version is not affected.",
      "See its release. Push a fixed commit, or change spec.retry of the release."),
  ROLLED_BACK(
      "The newest version failed its checks after it got the traffic. The previous"
          + " verified version serves again.",
      "See the condition Verified of its release. Push a fixed commit, or change"
          + " spec.retry of the release."),
  SUPERSEDED(
      "Another version was requested before this one was verified.",
      "Nothing to do. To deploy it after all, set spec.serve of the release if it"
          + " was built. Or set spec.gitops.pin to its commit, which is then built too."),
  STORAGE_CANNOT_GROW(
      "The spec requests a larger volume, and its StorageClass does not allow" + " expansion.",
      "Nothing else is affected. Set the size back, or move the data to another"
          + " class by a backup and a new environment."),
  STORAGE_CANNOT_SHRINK(
      "The spec requests a smaller volume, and volumes cannot shrink.",
      "Nothing else is affected, and the volume is unchanged. Set the size that the"
          + " message names, or move the data to a new environment by a backup."),
  STORAGE_CLASS_CANNOT_CHANGE(
      "The spec requests another StorageClass for an existing volume.",
      "Nothing else is affected, and the volume is unchanged. Set the class that the"
          + " message names, or move the data to a new environment by a backup. A claim"
          + " that was never bound may be deleted: the operator creates it again."),
  DATA_OF_OTHER_VERSION(
      "The data on the volume is of another major version of PostgreSQL than the"
          + " spec requests. The server is not started on it.",
      "Set spec.services.postgres.version to the one that the message names. To move to another,"
          + " make a backup with the old version, create an environment with the new one, and give"
          + " it the backup as its seed."),
  SEEDING(
      "The initial content of the new database is being loaded.",
      "Wait. The application starts after it."),
  SEED_DONE("The initial content of the new database is loaded.", "Nothing to do."),
  SEED_FAILED(
      "The seed could not be loaded, so the application is not started.",
      "Fix what the message names and change spec.services.postgres.seed or reset,"
          + " or remove the seed."),
  RESETTING("The database is being recreated on request.", "Wait. The application is stopped."),
  RESET_DONE("The database was recreated on request.", "Nothing to do."),
  RESET_FAILED(
      "The database could not be recreated. It is unchanged.",
      "Fix what the message names, then change spec.services.postgres.reset."),
  RESTORING("The database is being restored from a backup.", "Wait. The application is stopped."),
  RESTORE_DONE("The database was restored from a backup.", "Nothing to do."),
  RESTORE_FAILED(
      "The backup was rejected or could not be loaded. The database is unchanged.",
      "Fix what the message names, then change restore.request, or remove restore."),
  BACKUP_RUNNING("A backup is being made on request.", "Nothing to do."),
  BACKUP_DONE("A backup was made and verified to be readable.", "Nothing to do."),
  BACKUP_FAILED(
      "A backup failed. Earlier backups are kept.",
      "See the message: space on the backup volume, or PostgreSQL itself. The next"
          + " backup runs as scheduled. A backup before a migration is retried."),

  AGENT_STARTING(
      "The agent that follows the branch is starting, or has not polled the branch" + " yet.",
      "Wait. If it lasts, see `kubectl logs` of the pod <environment>-gitops-agent."),

  CHECKS_PASSED("Every check through the ingress passed.", "Nothing to do."),
  PASSED_WITH_REMARKS(
      "Every critical check passed, but others failed.",
      "The message names them. The report in the release has all results."),
  CHECKS_RUNNING(
      "The checks have no result yet.", "Wait. The message names the containers that still run."),
  CERTIFICATE_NOT_ISSUED(
      "Traefik still serves its built-in certificate, or cert-manager has not issued one yet.",
      "Point the domain's record to this ingress and open port 80 from outside."
          + " After a failed attempt the message has the authority's response and the"
          + " remedy. With cert-manager the message has the issuer, request or certificate"
          + " that is not ready, and its status."),
  CERTIFICATE_REFUSED(
      "The certificate authority did not issue a certificate in time.",
      "See the authority's response and the remedy in the message, once it has"
          + " responded. The operator makes the next attempt at the time in the message:"
          + " attempts are limited."),
  CHECKS_FAILED(
      "A critical check failed, through the ingress or beside the serving version.",
      "The message names the check and its result."),

  FOLLOWING("The agent follows the branch.", "Nothing to do."),
  REPOSITORY_UNREACHABLE(
      "The Git server cannot be reached or does not respond properly.",
      "Check that its name resolves and that the agent's pod can reach it. The agent"
          + " retries, at least every 5 minutes."),
  REPOSITORY_NOT_FOUND(
      "The Git server has no repository at the URL, or hides it from these" + " credentials.",
      "Correct spec.gitops.repository, or give the token or key access to that" + " repository."),
  REPOSITORY_MOVED(
      "The Git server redirects to another host, to which credentials are not sent.",
      "Set spec.gitops.repository to the URL at the host that the message names."),
  REPOSITORY_EMPTY(
      "The repository has no branch yet.", "Push a first commit. The agent detects it."),
  BRANCH_MISSING(
      "The repository has no branch with the name in spec.gitops.branch.",
      "Push the branch, or correct spec.gitops.branch. The serving version is not" + " affected."),
  CREDENTIALS_REFUSED(
      "The Git server rejects the token or key, or requires one and none is given.",
      "Put a valid one into the Secret that spec.gitops.credentials names. The agent"
          + " reads it again."),
  SSH_KEY_UNREADABLE(
      "The key sshPrivateKey of the Secret with the credentials is missing or" + " invalid.",
      "Set it to a private key in PEM or OpenSSH format without a passphrase."),
  HOST_KEY_UNKNOWN(
      "knownHosts has no host key of the Git server.",
      "Compare the fingerprint in the message with the published one of the server,"
          + " then add the server's line (from `ssh-keyscan`) to the key knownHosts of the"
          + " Secret."),
  HOST_KEY_CHANGED(
      "The Git server's host key differs from the one in knownHosts, or is revoked" + " there.",
      "Ask the server's administrators whether the change was intended. Only then"
          + " put the new line into knownHosts."),
  CERTIFICATE_UNTRUSTED(
      "The Git server's certificate is not signed by a trusted authority, is not"
          + " valid now, or is for another name.",
      "Set spec.gitops.caBundle to the authority's certificates, or replace the"
          + " server's certificate."),
  PIN_MISSING(
      "The Git server does not have the commit that spec.gitops.pin names.",
      "Correct the pin, or push a branch or tag that contains the commit."),
  GIT_FAILED(
      "Git failed with an error without a specific reason.", "See the message. The agent retries."),
  NOTIFICATION_FAILED(
      "A recipient in spec.notifications, or GitHub, cannot be notified about a"
          + " version. Nothing else is affected.",
      "Correct what the message names: the Secret, the address, or the recipient"
          + " itself. A message is retried for an hour; status.told of the release has the"
          + " outcome."),

  SUSPENDED(
      "spec.suspend is true: nothing is changed and nothing is checked.",
      "Set spec.suspend to false. The conditions of the stages have their last state."),
  READY("The environment is as its spec requests.", "Nothing to do."),
  UNEXPECTED_ERROR(
      "The operator met an unknown error.",
      "The operator retries. Its log has the whole stack trace, once.");

  private final String cause;
  private final String cure;

  Reason(String cause, String cure) {
    this.cause = cause;
    this.cure = cure;
  }

  @Override
  public String cause() {
    return cause;
  }

  @Override
  public String cure() {
    return cure;
  }
}
