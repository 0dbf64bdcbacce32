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
    "One version of the application that an environment deployed or tried to deploy. The operator"
        + " makes it; people decide in its spec.")
@ValidationRule(
    value =
        "self.spec.environment == oldSelf.spec.environment && self.spec.image =="
            + " oldSelf.spec.image",
    message =
        "spec.environment and spec.image cannot change: a release stands for one version; give the"
            + " other image to the environment")
@AdditionalPrinterColumn(
    name = "ENVIRONMENT",
    jsonPath = ".spec.environment",
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
