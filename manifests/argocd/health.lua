-- Health of a StagingEnvironment for Argo CD, in the order of kstatus. Place it in the ConfigMap argocd-cm under
-- resource.customizations.health.staging.scoliologic.ru_StagingEnvironment; see kustomization.yaml beside this file.
local health = {status = "Progressing", message = "waiting for the operator"}
local status = obj.status
if status == nil or status.conditions == nil or status.observedGeneration == nil then
  return health
end
if obj.metadata.generation ~= nil and status.observedGeneration < obj.metadata.generation then
  health.message = "waiting for the operator to see the change"
  return health
end
local found = {}
for _, condition in ipairs(status.conditions) do
  found[condition.type] = condition
end
local ready = found["Ready"]
if ready ~= nil and ready.reason == "Suspended" then
  health.status = "Suspended"
  health.message = ready.message
elseif found["Stalled"] ~= nil and found["Stalled"].status == "True" then
  health.status = "Degraded"
  health.message = found["Stalled"].message
elseif found["Reconciling"] ~= nil and found["Reconciling"].status == "True" then
  health.message = found["Reconciling"].message
elseif ready ~= nil and ready.status == "True" then
  health.status = "Healthy"
  health.message = ready.message
elseif ready ~= nil then
  health.status = "Degraded"
  health.message = ready.message
end
return health
