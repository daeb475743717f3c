// Package huggingface converts models from and to Hugging Face's folders, which hold config.json, the weights as
// model.safetensors or as shards with an index, and the tokenizer as tokenizer.json.
//
// # Import
//
// Import makes a run folder of a folder of GPT-2, or of one that Export wrote. GPT-2 is the model softmax-attention
// with learned positions and GELU: names and layouts of its weights differ, the arithmetic does not. Files are not
// trusted: sizes are checked against bounds and shapes against the files before anything of their size is allocated.
//
// # Export
//
// Export writes a trained model. A softmax-attention that is a GPT-2 gets GPT-2's names and layouts, so that
// GPT2LMHeadModel loads it. The models of linear attention keep their names, which are those of
// flash-linear-attention, and get its config.json. All other models keep their names, in a config.json that lists
// their settings. Folders that are not of GPT-2 also hold config.toml, so that the programs of this project read them
// as they are.
package huggingface
