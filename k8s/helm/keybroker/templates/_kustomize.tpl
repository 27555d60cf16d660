{{- /*
The chart renders the Kustomize folders of k8s/, to which files/ links, so that there is one text of each manifest. These
templates are the part of Kustomize that those folders use. Each takes a dict, changes its "objects" (a dict from
"Kind/name" to the object) and prints nothing.
*/}}

{{- /* A file of k8s/. */}}
{{- define "kustomize.file" -}}
{{- .root.Files.Get (printf "files/%s" .path) | required (printf "this chart lacks %s: install it from a package or a checkout in which its links are followed" .path) -}}
{{- end }}

{{- /* A folder with a kustomization.yaml: objects, components, settings, patches, images and labels, in
Kustomize's order. */}}
{{- define "kustomize.folder" -}}
{{- $folder := .folder -}}
{{- $root := .root -}}
{{- $objects := .objects -}}
{{- $kustomization := include "kustomize.file" (dict "root" $root "path" (printf "%s/kustomization.yaml" $folder)) | fromYaml -}}
{{- range $kustomization.resources -}}
  {{- $path := clean (printf "%s/%s" $folder .) -}}
  {{- if hasSuffix ".yaml" . -}}
    {{- range include "kustomize.file" (dict "root" $root "path" $path) | splitList "\n---\n" -}}
      {{- $object := fromYaml . -}}
      {{- $_ := set $objects (printf "%s/%s" $object.kind $object.metadata.name) $object -}}
    {{- end -}}
  {{- else -}}
    {{- $own := dict -}}
    {{- include "kustomize.folder" (dict "root" $root "folder" $path "objects" $own "done" $.done) -}}
    {{- $_ := mergeOverwrite $objects $own -}}
  {{- end -}}
{{- end -}}
{{- range $kustomization.components -}}
  {{- include "kustomize.component" (dict "root" $root "folder" (clean (printf "%s/%s" $folder .)) "objects" $objects "done" $.done) -}}
{{- end -}}
{{- range $kind, $generators := dict "ConfigMap" $kustomization.configMapGenerator "Secret" $kustomization.secretGenerator -}}
  {{- range $generators -}}
    {{- include "kustomize.generated" (dict "root" $root "folder" $folder "objects" $objects "kind" $kind "generator" .) -}}
  {{- end -}}
{{- end -}}
{{- range $kustomization.patches -}}
  {{- $patch := .patch | default "" -}}
  {{- if .path -}}
    {{- $patch = include "kustomize.file" (dict "root" $root "path" (clean (printf "%s/%s" $folder .path))) -}}
  {{- end -}}
  {{- if hasPrefix "- op:" $patch -}}
    {{- include "kustomize.operations" (dict "object" (get $objects (printf "%s/%s" .target.kind .target.name)) "operations" (fromYamlArray $patch)) -}}
  {{- else -}}
    {{- $merged := fromYaml $patch -}}
    {{- $target := .target | default (dict "kind" $merged.kind "name" $merged.metadata.name) -}}
    {{- include "kustomize.patched" (dict "objects" $objects "target" $target "patch" $merged) -}}
  {{- end -}}
{{- end -}}
{{- range $kustomization.images -}}
  {{- $image := . -}}
  {{- range $objects -}}
    {{- include "kustomize.images" (dict "object" . "name" $image.name "image" (printf "%s:%s" ($image.newName | default $image.name) $image.newTag)) -}}
  {{- end -}}
{{- end -}}
{{- range $kustomization.labels -}}
  {{- $labels := . -}}
  {{- range $objects -}}
    {{- $_ := set .metadata "labels" (merge (dict) $labels.pairs (.metadata.labels | default dict)) -}}
    {{- if and $labels.includeTemplates (hasKey . "spec") (hasKey .spec "template") -}}
      {{- $template := .spec.template -}}
      {{- $metadata := $template.metadata | default dict -}}
      {{- $_ := set $metadata "labels" (merge (dict) $labels.pairs ($metadata.labels | default dict)) -}}
      {{- $_ := set $template "metadata" $metadata -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- /* The images of an object's containers: with a tag, those of that name. */}}
{{- define "kustomize.images" -}}
{{- $template := (.object.spec | default dict).template | default dict -}}
{{- $pod := $template.spec | default dict -}}
{{- range concat ($pod.initContainers | default list) ($pod.containers | default list) -}}
  {{- if eq (splitList ":" .image | first) $.name -}}{{- $_ := set . "image" $.image -}}{{- end -}}
{{- end -}}
{{- end }}

{{- /* A component, once. */}}
{{- define "kustomize.component" -}}
{{- if not (hasKey .done .folder) -}}
  {{- $_ := set .done .folder true -}}
  {{- include "kustomize.folder" . -}}
{{- end -}}
{{- end }}

{{- /* A ConfigMap or Secret of files or literals, a new one or with more of them. */}}
{{- define "kustomize.generated" -}}
{{- $generator := .generator -}}
{{- $id := printf "%s/%s" .kind $generator.name -}}
{{- if not (hasKey .objects $id) -}}
  {{- $metadata := dict "name" $generator.name -}}
  {{- with $generator.options -}}
    {{- with .labels -}}{{- $_ := set $metadata "labels" . -}}{{- end -}}
  {{- end -}}
  {{- $_ := set .objects $id (dict "apiVersion" "v1" "kind" .kind "metadata" $metadata "data" dict) -}}
  {{- if eq .kind "Secret" -}}{{- $_ := set (get .objects $id) "type" "Opaque" -}}{{- end -}}
{{- end -}}
{{- $data := (get .objects $id).data -}}
{{- $secret := eq .kind "Secret" -}}
{{- range $generator.files -}}
  {{- $path := splitList "=" . | last -}}
  {{- $text := include "kustomize.file" (dict "root" $.root "path" (clean (printf "%s/%s" $.folder $path))) -}}
  {{- $_ := set $data (splitList "=" . | first | base) (ternary (b64enc $text) $text $secret) -}}
{{- end -}}
{{- range $generator.literals -}}
  {{- $pair := splitn "=" 2 . -}}
  {{- $_ := set $data $pair._0 (ternary (b64enc $pair._1) $pair._1 $secret) -}}
{{- end -}}
{{- end }}

{{- /* A strategic merge patch of the object with this kind and name. */}}
{{- define "kustomize.patched" -}}
{{- $id := printf "%s/%s" .target.kind .target.name -}}
{{- if not (hasKey .objects $id) -}}{{- fail (printf "there is no %s to be patched" $id) -}}{{- end -}}
{{- if eq (get .patch "$patch" | default "") "delete" -}}
  {{- $_ := unset .objects $id -}}
{{- else -}}
  {{- $patch := omit .patch "apiVersion" "kind" -}}
  {{- $_ := set $patch "metadata" (omit ($patch.metadata | default dict) "name") -}}
  {{- include "kustomize.merged" (dict "object" (get .objects $id) "patch" $patch) -}}
{{- end -}}
{{- end }}

{{- /* Maps by key; lists of what has a name, a mount path or a topology key by that; other lists are replaced. */}}
{{- define "kustomize.merged" -}}
{{- $object := .object -}}
{{- range $key, $new := .patch -}}
  {{- $old := get $object $key -}}
  {{- if and (kindIs "map" $new) (kindIs "map" $old) -}}
    {{- include "kustomize.merged" (dict "object" $old "patch" $new) -}}
  {{- else if and (kindIs "slice" $new) (kindIs "slice" $old) (kindIs "map" (first $new)) -}}
    {{- $by := "" -}}
    {{- range list "name" "topologyKey" "mountPath" -}}
      {{- if hasKey (first $new) . -}}{{- $by = . -}}{{- end -}}
    {{- end -}}
    {{- $all := ternary $old list (ne $by "") -}}
    {{- range $item := $new -}}
      {{- $known := false -}}
      {{- range $all -}}
        {{- if and $by (eq (get . $by) (get $item $by)) -}}
          {{- $known = true -}}
          {{- include "kustomize.merged" (dict "object" . "patch" $item) -}}
        {{- end -}}
      {{- end -}}
      {{- if not $known -}}{{- $all = append $all $item -}}{{- end -}}
    {{- end -}}
    {{- $_ := set $object $key $all -}}
  {{- else -}}
    {{- $_ := set $object $key $new -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- /* Operations of a JSON patch: add, replace and remove of a key, add to the end of a list. */}}
{{- define "kustomize.operations" -}}
{{- range .operations -}}
  {{- $at := $.object -}}
  {{- $steps := list -}}
  {{- range splitList "/" (trimPrefix "/" .path) -}}
    {{- $steps = append $steps (. | replace "~1" "/" | replace "~0" "~") -}}
  {{- end -}}
  {{- $append := eq (last $steps) "-" -}}
  {{- if $append -}}{{- $steps = initial $steps -}}{{- end -}}
  {{- range initial $steps -}}
    {{- if kindIs "slice" $at -}}{{- $at = index $at (int .) -}}{{- else -}}{{- $at = get $at . -}}{{- end -}}
  {{- end -}}
  {{- $key := last $steps -}}
  {{- if $append -}}
    {{- $_ := set $at $key (append (get $at $key) .value) -}}
  {{- else if eq .op "remove" -}}
    {{- $_ := unset $at $key -}}
  {{- else -}}
    {{- $_ := set $at $key .value -}}
  {{- end -}}
{{- end -}}
{{- end }}
