"""A dozen random samples in the layout of data that is not shipped: enough to train on for a step or two."""

import gzip
import hashlib
import io
import struct
import tarfile

import numpy as np
import torch
from ganzoo_perceptual import vgg
from PIL import Image

COUNT = 12
ATTRIBUTES = (
    *("Smiling", "Bald", "Bangs", "Black_Hair", "Blond_Hair", "Brown_Hair", "Bushy_Eyebrows", "Eyeglasses", "Gray_Hair", "Heavy_Makeup"),
    *("Male", "Mouth_Slightly_Open", "Mustache", "Pale_Skin", "Receding_Hairline", "Straight_Hair", "Wavy_Hair", "Wearing_Hat"),
)
"""Of CelebA, that every second picture has."""


def write_mnist(root):
    root.mkdir(parents=True)
    random = np.random.default_rng(0)
    for half in ("train", "t10k"):
        images, labels = random.integers(0, 256, (COUNT, 28, 28), np.uint8), np.arange(COUNT, dtype=np.uint8) % 10
        for kind, array, magic in (("images-idx3", images, 0x803), ("labels-idx1", labels, 0x801)):
            head = struct.pack(f">{1 + array.ndim}I", magic, *array.shape)
            (root / f"{half}-{kind}-ubyte.gz").write_bytes(gzip.compress(head + array.tobytes()))


def write_cifar10(root):
    (root / "cifar-10-batches-bin").mkdir(parents=True)
    random = np.random.default_rng(0)
    for batch in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        records = random.integers(0, 256, (COUNT, 3073), np.uint8)
        records[:, 0] %= 10
        (root / f"cifar-10-batches-bin/{batch}.bin").write_bytes(records.tobytes())


def write_pictures(root, seed=0, width=178):
    root.mkdir(parents=True)
    random = np.random.default_rng(seed)
    names = [f"{i + 1:06}.jpg" for i in range(COUNT)]
    for name in names:
        Image.fromarray(random.integers(0, 256, (218, width, 3), np.uint8)).save(root / name)
    return names


def write_captioned(root):
    for seed, half in enumerate(("train", "test")):
        for name in write_pictures(root / half, seed):
            (root / half / name).with_suffix(".txt").write_text(f"face number {name}")


def write_shard(root):
    root.mkdir(parents=True)
    random = np.random.default_rng(0)
    with tarfile.open(root / "train-0.tar", "w") as tar:
        for i in range(COUNT):
            picture = io.BytesIO()
            Image.fromarray(random.integers(0, 256, (24, 24, 3), np.uint8)).save(picture, "PNG")
            for name, content in ((f"{i:03}.png", picture.getvalue()), (f"{i:03}.cls", str(i % 3).encode())):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))


def write_celeba(root):
    names = write_pictures(root / "img_align_celeba")
    (root / "list_eval_partition.txt").write_text("".join(f"{name} {max(0, i - COUNT + 3)}\n" for i, name in enumerate(names)))
    rows = [f"{name} {'1 ' * len(ATTRIBUTES) if i % 2 else '-1 ' * len(ATTRIBUTES)}1\n" for i, name in enumerate(names)]
    (root / "list_attr_celeba.txt").write_text("".join([f"{COUNT}\n{' '.join(ATTRIBUTES)} Young\n", *rows]))


def write_idx(path, array, code):
    """A file of MNIST's format; ``code``: the type of its numbers."""
    path.write_bytes(struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape) + array.tobytes())


def write_emnist(root):
    root.mkdir(parents=True)
    random = np.random.default_rng(0)
    for part in ("balanced", "byclass", "bymerge", "letters", "digits", "mnist"):
        for half in ("train", "test"):
            write_idx(root / f"emnist-{part}-{half}-images-idx3-ubyte", random.integers(0, 256, (COUNT, 28, 28), np.uint8), 8)
            write_idx(root / f"emnist-{part}-{half}-labels-idx1-ubyte", np.arange(COUNT, dtype=np.uint8) % 9 + 1, 8)


def write_qmnist(root):
    root.mkdir(parents=True)
    random = np.random.default_rng(0)
    for half in ("train", "test"):
        write_idx(root / f"qmnist-{half}-images-idx3-ubyte", random.integers(0, 256, (COUNT, 28, 28), np.uint8), 8)
        labels = np.zeros((COUNT, 8), ">i4")
        labels[:, 0] = np.arange(COUNT) % 10
        write_idx(root / f"qmnist-{half}-labels-idx2-int", labels, 12)


def write_arrays(root):
    root.mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (2, COUNT, 16, 16, 3), np.uint8)
    labels = np.arange(COUNT) % 3
    np.savez(root / "images.npz", train_images=images[0], train_labels=labels, test_images=images[1], test_labels=labels)


def write_pairs(root):
    for seed, half in enumerate(("train", "val", "test")):
        write_pictures(root / half, seed, width=2 * 178)


def write_domains(root):
    for seed, half in enumerate(("trainA", "trainB", "valA", "valB", "testA", "testB")):
        write_pictures(root / half, seed)


def write_vgg19(path):
    """A file like that of VGG19's weights, all layers views of one tensor; returns its sha256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with torch.device("meta"):
        shapes = {name: value.shape for name, value in vgg.layers(5, 4, True).state_dict().items()}
    numbers = torch.randn(max(shape.numel() for shape in shapes.values()), generator=torch.Generator().manual_seed(0)) / 48
    torch.save({f"features.{name}": numbers[: shape.numel()].view(shape) for name, shape in shapes.items()}, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def pretrained(losses, path):
    """The settings under which ``losses`` of a configuration find what stands in for VGG19's weights, in the file ``path``."""
    asking = [i for i, loss in enumerate(losses) if loss.name == "perceptual" and loss.params.get("network", "vgg19") == "vgg19"]
    return [setting for i in asking for setting in (f"loss.{i}.weights={path}", f"loss.{i}.sha256={write_vgg19(path)}")]


def missing(parts, folder):
    """The options that let a resolved configuration find its weights in ``folder``; with one critic update a step where it has several."""
    few = ["schedule.critic_updates=1"] if "critic_updates" in parts.schedule.params else []
    return " ".join(f"-o {setting}" for setting in [*few, *pretrained(parts.losses, folder / "vgg19.pth")])


WRITE = {
    "kmnist": write_mnist,
    "emnist": write_emnist,
    "qmnist": write_qmnist,
    "arrays": write_arrays,
    "paired": write_pairs,
    "unpaired": write_domains,
    "mnist": write_mnist,
    "fashion_mnist": write_mnist,
    "stacked_mnist": write_mnist,
    "cifar10": write_cifar10,
    "celeba": write_celeba,
    "captioned": write_captioned,
    "folder": write_pictures,
    "webdataset": write_shard,
}
"""Data set to the function that writes a stand-in into a folder that is not there yet."""
SMALL = {
    "mlp": "hidden=[8]",
    "dcgan": "width=4",
    "acgan": "width=4",
    "resnet": "width=4",
    "cgan_mlp": "label_units=8",
    "infogan": "width=2",
    "icgan": "width=2",
    "srresnet": "width=2",
    "srgan": "width=2",
    "context_encoder": "width=2",
    "sngan": "width=2",
    "sn_resnet": "width=2",
    "sn_resnet_conditional": "width=2",
    "projection": "width=2",
    **dict.fromkeys(("progan", "stylegan2"), "width=4"),
    **dict.fromkeys(("r3gan", "biggan"), "width=16"),
    **dict.fromkeys(("sagan", "began_decoder", "began_autoencoder"), "width=2"),
    "autoencoder": "hidden=[8]",
    "pac": "critic.hidden=[8]",
    **dict.fromkeys(("unet", "patchgan", "patchgan_pair", "cyclegan", "pixeldt", "stackgan"), "width=2"),
}
"""Network to the parameter that makes it small."""
DRAWN = ("described", "outlines", "scene", "tinted")
"""Data sets that draw thousands of pictures, of which tests let them draw 80."""
