package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** One version of the application that an environment deployed or tried to deploy. */
@Group(StagingEnvironment.GROUP)
@Version(StagingEnvironment.VERSION)
@ShortNames("strel")
@JsonClassDescription(
    "One version of the application that an environment deployed or tried to"
        + " deploy. The operator or the agent creates it; users decide in its spec.")
@ValidationRule(
    value =
        "self.spec.environment == oldSelf.spec.environment && has(self.spec.image) =="
            + " has(oldSelf.spec.image) && (!has(self.spec.image) || self.spec.image =="
            + " oldSelf.spec.image) && has(self.spec.commit) == has(oldSelf.spec.commit) &&"
            + " (!has(self.spec.commit) || self.spec.commit == oldSelf.spec.commit) &&"
            + " has(self.spec.buildHash) == has(oldSelf.spec.buildHash) &&"
            + " (!has(self.spec.buildHash) || self.spec.buildHash == oldSelf.spec.buildHash)",
    message =
        "spec.environment, spec.image, spec.commit and spec.buildHash cannot change: a release"
            + " stands for one version; give the other image to the environment, or push a commit")
@ValidationRule(
    value = "has(self.spec.image) != has(self.spec.commit)",
    message =
        "a release stands for an image or for a commit: give one of spec.image and spec.commit")
@AdditionalPrinterColumn(
    name = "ENVIRONMENT",
    jsonPath = ".spec.environment",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "COMMIT",
    jsonPath = ".spec.commit.subject",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "IMAGE",
    jsonPath = ".spec.image",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "STATE",
    jsonPath = ".status.state",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "BUILT",
    jsonPath = ".status.conditions[?(@.type==\"Built\")].status",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "VERIFIED",
    jsonPath = ".status.conditions[?(@.type==\"Verified\")].status",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "AGE",
    jsonPath = ".metadata.creationTimestamp",
    type = AdditionalPrinterColumn.Type.DATE)
@AdditionalPrinterColumn(
    name = "MESSAGE",
    jsonPath = ".status.message",
    type = AdditionalPrinterColumn.Type.STRING,
    priority = 1)
public class StagingRelease extends CustomResource<StagingReleaseSpec, StagingReleaseStatus>
    implements Namespaced {}
